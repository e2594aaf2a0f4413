#pragma once

#include <cstdint>
#include <string_view>

#include "tenon/initializers.hpp"
#include "tenon/shape.hpp"
#include "tenon/tensor.hpp"

namespace tenon::graph {

struct Fans {
  double in = 1.0;
  double out = 1.0;
};
/// As Keras counts them: dense (in, out); a kernel (…, in, out) times its receptive field.
Fans fans_of(const Shape& shape);

/// float32 values of `shape`: a pure function of its arguments. The stream is named by the
/// initializer's own seed where it has one (equal seeds give equal values, as in Keras), otherwise
/// by `seed` and `path`. Throws ContractError (A001) on a mode or a distribution that does not
/// exist, ShapeError if the shape is too large.
Tensor draw_weights(const Initializer& initializer, const Shape& shape, std::uint64_t seed,
                    std::string_view path);

}  // namespace tenon::graph
