#include "data/cache/zstd_frames.hpp"

#include <zstd.h>

#include <memory>
#include <new>

namespace tenon::data {
namespace {

/// Read often, written once: the fastest of the levels that still find repetitions.
constexpr int kLevel = 1;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

ZSTD_CCtx* writer() {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  if (context == nullptr) throw std::bad_alloc();
  return context.get();
}

ZSTD_DCtx* reader() {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  if (context == nullptr) throw std::bad_alloc();
  return context.get();
}

}  // namespace

std::string compressed(std::span<const std::byte> bytes) {
  ZSTD_CCtx* context = writer();
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size =
      ZSTD_compress2(context, frame.data(), frame.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(size) != 0) throw std::bad_alloc();
  frame.resize(size);
  return frame;
}

bool decompress(std::span<const char> frame, std::span<std::byte> into) {
  const std::size_t size =
      ZSTD_decompressDCtx(reader(), into.data(), into.size(), frame.data(), frame.size());
  return ZSTD_isError(size) == 0 && size == into.size();
}

std::int64_t content_size(std::span<const char> frame) {
  const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) return -1;
  constexpr unsigned long long kMost = 1ULL << 40U;
  return size > kMost ? -1 : static_cast<std::int64_t>(size);
}

}  // namespace tenon::data
