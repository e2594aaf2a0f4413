#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace tenon::data {

/// A zstd frame with a checksum of `bytes`.
std::string compressed(std::span<const std::byte> bytes);
/// False if `frame` is damaged or does not hold exactly into.size() bytes.
bool decompress(std::span<const char> frame, std::span<std::byte> into);
/// How many bytes a frame says that it holds; -1 if it is none.
std::int64_t content_size(std::span<const char> frame);

}  // namespace tenon::data
