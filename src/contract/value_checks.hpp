#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tenon/spec.hpp"
#include "tenon/tensor.hpp"

namespace tenon::contract {

struct BadValue {
  std::int64_t row = 0;    ///< Of axis 0: the first that has one.
  std::int64_t count = 0;  ///< Values of that kind in the whole tensor.
  std::string text;        ///< "NaN", "infinity", "the value 7"
};

/// The first value that is NaN or infinite (if `finite`), or outside of `range`; nothing if all are
/// good. One pass over the tensor.
std::optional<BadValue> find_bad_value(const Tensor& value, bool finite,
                                       const std::optional<ValueRange>& range);

}  // namespace tenon::contract
