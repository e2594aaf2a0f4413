#pragma once

#include <cstdint>

#include "tenon/layers.hpp"
#include "tenon/model.hpp"

namespace tenon::testing {

/// Patches (side, side, side, 1) -> "class" (1, sigmoid): three stages of convolution, batch
/// normalisation, relu and pooling, with 16, 32 and 64 filters. At side 32 it is bench/'s M4.
inline Model volume_classifier(std::int64_t side) {
  const SymbolicTensor patch = Input({side, side, side, 1}, {.name = "patch"});
  SymbolicTensor x = patch;
  for (const std::int64_t filters : {16, 32, 64}) {
    x = Conv3D(filters, 3, {.padding = "same"})(x);
    x = BatchNormalization()(x);
    x = Activation("relu")(x);
    x = MaxPooling3D(2)(x);
  }
  const SymbolicTensor features = GlobalAveragePooling3D()(x);
  return Model(patch, Dense(1, {.activation = "sigmoid", .name = "class"})(features));
}

inline SymbolicTensor convolved(std::int64_t filters, const SymbolicTensor& x) {
  return Conv3D(filters, 3, {.padding = "same", .activation = "relu"})(x);
}

/// Volumes (side, side, side, 1) -> "mask" of the same size: a U-Net of two steps down, and up once
/// by a transposed convolution and once by repetition.
inline Model volume_u_net(std::int64_t side) {
  const SymbolicTensor volume = Input({side, side, side, 1}, {.name = "volume"});
  const SymbolicTensor fine = convolved(8, convolved(8, volume));
  const SymbolicTensor middle = convolved(16, MaxPooling3D(2)(fine));
  const SymbolicTensor coarse = convolved(32, MaxPooling3D(2)(middle));
  SymbolicTensor x = Conv3DTranspose(16, 2, {.strides = 2})(coarse);
  x = convolved(16, Concatenate()({x, middle}));
  x = convolved(8, Concatenate()({UpSampling3D(2)(x), fine}));
  return Model(volume, Conv3D(1, 1, {.activation = "sigmoid", .name = "mask"})(x));
}

}  // namespace tenon::testing
