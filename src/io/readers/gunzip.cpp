#include "io/readers/gunzip.hpp"

#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <new>
#include <vector>

namespace tenon::readers {
namespace {

/// What is larger is given back to the system at once.
constexpr std::size_t kMostKept = std::size_t{256} << 20;
constexpr std::size_t kMostPieces = 4;

struct Piece {
  std::unique_ptr<std::byte[]> memory;
  std::size_t capacity = 0;
};

std::vector<Piece>& pieces_of_thread() {
  thread_local std::vector<Piece> pieces;
  return pieces;
}

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* it) const { libdeflate_free_decompressor(it); }
};

libdeflate_decompressor* decompressor() {
  thread_local const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> its(
      libdeflate_alloc_decompressor());
  if (its == nullptr) throw std::bad_alloc();
  return its.get();
}

}  // namespace

Scratch::Scratch(std::size_t size) : size_(size) {
  auto& pieces = pieces_of_thread();
  const auto fitting = std::find_if(pieces.begin(), pieces.end(), [size](const Piece& piece) {
    return piece.capacity >= size && piece.capacity / 4 <= size;
  });
  if (fitting != pieces.end()) {
    memory_ = std::move(fitting->memory);
    capacity_ = fitting->capacity;
    pieces.erase(fitting);
    return;
  }
  capacity_ = std::max<std::size_t>(size, 1);
  memory_ = std::make_unique_for_overwrite<std::byte[]>(capacity_);
}

Scratch::~Scratch() {
  if (memory_ == nullptr || capacity_ > kMostKept) return;
  auto& pieces = pieces_of_thread();
  if (pieces.size() == kMostPieces) pieces.erase(pieces.begin());
  pieces.push_back({std::move(memory_), capacity_});
}

std::string unpacked_start(std::span<const std::byte> packed, std::size_t count) {
  constexpr int kGzipWindow = 15 + 16;
  constexpr std::size_t kEnough = std::size_t{1} << 16;
  std::string start(count, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
  // zlib does not write to what it reads.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
  stream.avail_in = static_cast<uInt>(std::min(packed.size(), kEnough));
  stream.next_out = reinterpret_cast<Bytef*>(start.data());
  stream.avail_out = static_cast<uInt>(count);
  static_cast<void>(inflate(&stream, Z_SYNC_FLUSH));
  start.resize(count - stream.avail_out);
  inflateEnd(&stream);
  return start;
}

std::optional<std::size_t> stated_size(std::span<const std::byte> packed) {
  constexpr std::size_t kLeastGzip = 18;
  if (packed.size() < kLeastGzip) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i)
    size |= std::to_integer<std::size_t>(packed[packed.size() - 4 + i]) << (8 * i);
  return size;
}

Unpacking unpack(std::span<const std::byte> packed, std::span<std::byte> out) {
  std::size_t taken = 0;
  std::size_t given = 0;
  const libdeflate_result result = libdeflate_gzip_decompress_ex(
      decompressor(), packed.data(), packed.size(), out.data(), out.size(), &taken, &given);
  if (result == LIBDEFLATE_BAD_DATA) return Unpacking::kDamaged;
  const bool whole = result == LIBDEFLATE_SUCCESS && given == out.size() && taken == packed.size();
  return whole ? Unpacking::kWhole : Unpacking::kOther;
}

}  // namespace tenon::readers
