#pragma once

#include <cstdint>
#include <string_view>

namespace tenon::readers {

/// CRC-32C (Castagnoli), by the processor's own instruction where it has one.
std::uint32_t crc32c(std::string_view bytes) noexcept;
/// As TFRecord files keep it: turned by 15 bits and moved, so that the checksum of data with
/// checksums inside stays a good one.
std::uint32_t masked_crc32c(std::string_view bytes) noexcept;

}  // namespace tenon::readers
