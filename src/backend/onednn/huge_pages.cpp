#include "backend/onednn/huge_pages.hpp"

#include <algorithm>
#include <cstring>

#if defined(__GLIBC__)
#include <malloc.h>
#endif
#if defined(__linux__)
#include <sys/mman.h>

#include <memory>
#endif

namespace tenon::backend::onednn {
namespace {

// Before the memory is touched. The system may refuse; then pages are small.
void ask_for_huge_pages([[maybe_unused]] std::byte* data, [[maybe_unused]] std::size_t count) {
#if defined(__linux__)
  constexpr std::size_t kHugePage = std::size_t{2} << 20U;
  void* first = data;
  std::size_t space = count;
  if (std::align(kHugePage, kHugePage, first, space) == nullptr) return;
  madvise(first, space / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
}

}  // namespace

Tensor unfilled_bytes(std::size_t count, bool huge) {
  const std::size_t size = std::max<std::size_t>(count, 1);
  Tensor made = Tensor::uninitialized(DType::kUInt8, Shape{static_cast<std::int64_t>(size)});
  if (huge) ask_for_huge_pages(made.bytes(), size);
  return made;
}

Tensor zeroed_bytes(std::size_t count, bool huge) {
  Tensor made = unfilled_bytes(count, huge);
  std::memset(made.bytes(), 0, made.byte_size());
  return made;
}

void return_freed_memory() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

}  // namespace tenon::backend::onednn
