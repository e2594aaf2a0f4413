#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tenon {

/// "1 GB", "500 MB", "2GiB", "1048576": a number and B, kB, MB, GB, TB (powers of 1000) or KiB,
/// MiB, GiB, TiB (of 1024), of any case; without a unit, bytes. Nothing for other texts, and for
/// numbers below 0 or beyond 2^60.
std::optional<std::int64_t> parse_bytes(std::string_view text);

}  // namespace tenon
