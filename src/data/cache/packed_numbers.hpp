#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tenon::data {

/// What is kept of float32 values: themselves, or uint8 or int16 where all of them are such
/// numbers, to the bit (as what scanners store is). Lies in `values` or in `storage`.
std::span<const std::byte> packed_floats(std::span<const std::byte> values,
                                         std::vector<std::byte>& storage);
/// Whether `kept` bytes may stand for `values` bytes of float32, themselves apart.
bool is_packed_size(std::size_t kept, std::size_t values) noexcept;
/// The values that packed_floats() kept in fewer bytes; is_packed_size() of the sizes.
void unpack_floats(std::span<const std::byte> kept, std::span<std::byte> values);

}  // namespace tenon::data
