#pragma once

#include <span>
#include <string>

#include "tenon/record.hpp"

namespace tenon::data {

/// What a record is held to, for messages; texts are made when something fails.
struct HeldTo {
  /// Begins the message: "element 7 of the generator". Kept by the caller.
  const std::string& where;
  /// Whose keys and specs these are: the samples that a function or a generator showed first; empty
  /// where they were stated.
  std::span<const SampleIdentity> observed;
  std::span<const SampleIdentity> came;
};

/// Throws DataError (G002) if `value` is not of `field`'s dtype, rank and known dims.
void require_spec(const Field& field, const Tensor& value, const HeldTo& held);
/// Throws DataError (G002) naming every key that is missing or too many.
void require_keys(const Schema& wanted, const Schema& given, const HeldTo& held);

}  // namespace tenon::data
