#pragma once

#include <string>

#include "tenon/record.hpp"

namespace tenon::data {

/// Throws DataError (G002) if `value` is not of `field`'s dtype, rank and known dims. `where`
/// begins the message: "element 7".
void require_spec(const Field& field, const Tensor& value, const std::string& where);
/// Throws DataError (G002) naming every key that is missing or too many.
void require_keys(const Schema& wanted, const Schema& given, const std::string& where);

}  // namespace tenon::data
