#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/spec.hpp"
#include "tenon/tensor.hpp"

namespace tenon::readers {

// The wire format of tf.train.Example, an open protobuf message. Everything here throws FormatError
// (F001) that begins with `where` on bytes that are none.

enum class FeatureKind : std::uint8_t { kNone, kBytes, kFloat, kInt64 };
std::string_view name_of(FeatureKind kind) noexcept;  ///< "bytes", "float", "int64", "nothing".

/// The values of one feature; the list of its kind holds them, the others are empty.
struct Feature {
  FeatureKind kind = FeatureKind::kNone;
  std::vector<std::string_view> texts;  ///< Parts of what was parsed.
  std::vector<float> floats;
  std::vector<std::int64_t> integers;
  std::size_t count() const noexcept { return texts.size() + floats.size() + integers.size(); }
};

/// The features of a serialized Example by name, each as its own serialized bytes. Of a name that
/// is there twice the last counts.
using FeatureList = std::vector<std::pair<std::string_view, std::string_view>>;
FeatureList list_features(std::string_view example, const std::string& where);
Feature parse_feature(std::string_view bytes, const std::string& where);

/// `feature` as `spec` has it: float to float32 and float64; int64 to every integer and bool that
/// holds it; bytes to texts, or, one value of them, as the numbers in their memory (little endian).
/// At most one axis of the spec is of unknown size, and takes what is left. Throws FormatError
/// where they do not fit.
Tensor feature_tensor(const Feature& feature, const TensorSpec& spec, const std::string& where);

}  // namespace tenon::readers
