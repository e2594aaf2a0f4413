#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/source_location.hpp"
#include "tenon/spec.hpp"

namespace tenon::graph {

/// No axis may be longer, so that sizes from files cannot overflow.
inline constexpr std::int64_t kLargestSize = std::int64_t{1} << 40;

/// What a layer sees of one call: its inputs' specs, which have the batch axis first. Layers say
/// what they cannot take through it, so that all messages name the layer, the shapes and the line.
class CallContext {
 public:
  CallContext(std::string layer_title, std::vector<TensorSpec> inputs, SourceLocation location)
      : title_(std::move(layer_title)), inputs_(std::move(inputs)), location_(location) {}

  std::size_t input_count() const noexcept { return inputs_.size(); }
  const std::vector<TensorSpec>& inputs() const noexcept { return inputs_; }
  const TensorSpec& input(std::size_t index = 0) const { return inputs_[index]; }
  Dim dim(int axis, std::size_t index = 0) const;

  /// Throws ShapeError (S002 unless told otherwise):
  /// `Conv2D "stem" cannot take (B, 32, 32): <what> (net.cpp:12)`.
  [[noreturn]] void refuse(const std::string& what, const std::string& expected = "",
                           const std::string& fix = "", std::string_view code = "S002") const;
  /// `axes` names them: "(batch, height, width, channels)".
  void require_rank(int rank, std::string_view axes) const;
  /// The size of an axis that weights are made for, which must be known.
  std::int64_t require_size(int axis, std::string_view axis_name) const;
  /// `axis` counted from the front. Refuses one that the input does not have.
  int require_axis(int axis) const;
  /// Of sizes, unknown where one of them is. Refuse what is more than kLargestSize.
  Dim product(const Dim& a, const Dim& b) const;
  Dim sum(const Dim& a, const Dim& b) const;

 private:
  std::string title_;
  std::vector<TensorSpec> inputs_;
  SourceLocation location_;
};

/// float32 with these dims; the letters of `axes` are "BHWC" for rank 4, "BDHWC" for rank 5, else
/// "B" and unknown ones.
TensorSpec output_spec(std::vector<Dim> dims);
/// The input's dims and letters, as float32.
TensorSpec same_spec(const TensorSpec& input);
/// ` (net.cpp:12)`, or nothing if the place is not known.
std::string place_of(SourceLocation location);

}  // namespace tenon::graph
