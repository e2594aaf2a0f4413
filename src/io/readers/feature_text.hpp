#pragma once

#include <string>

#include "tenon/spec.hpp"

namespace tenon::readers {

/// What "float32", "int64[?]" or "uint8[28, 28, 1]" stand for. Throws ContractError (A001) that
/// names `owner` and `argument` for anything else.
TensorSpec spec_of_text(const std::string& owner, const std::string& argument,
                        const std::string& text);

}  // namespace tenon::readers
