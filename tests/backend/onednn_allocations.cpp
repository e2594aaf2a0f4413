#include "onednn_allocations.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <string_view>

namespace {

std::atomic<bool> counting{false};
std::atomic<long> own_count{0};
std::atomic<long> largest_foreign{0};

bool called_by_onednn(void* caller) {
  Dl_info info{};
  if (dladdr(caller, &info) == 0 || info.dli_fname == nullptr) return false;
  return std::string_view(info.dli_fname).find("dnnl") != std::string_view::npos;
}

void count(std::size_t bytes, void* caller) {
  if (!counting.load(std::memory_order_relaxed)) return;
  if (!called_by_onednn(caller)) {
    own_count.fetch_add(1);
    return;
  }
  const long size = static_cast<long>(bytes);
  long before = largest_foreign.load();
  while (before < size && !largest_foreign.compare_exchange_weak(before, size)) {
  }
}

}  // namespace

// Replaces the standard ones in the whole test program.
void* operator new(std::size_t bytes) {
  count(bytes, __builtin_return_address(0));
  if (void* memory = std::malloc(std::max<std::size_t>(bytes, 1))) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  count(bytes, __builtin_return_address(0));
  return std::malloc(std::max<std::size_t>(bytes, 1));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace tenon::backend {

AllocationCounter::AllocationCounter() {
  own_count = 0;
  largest_foreign = 0;
  counting = true;
}
AllocationCounter::~AllocationCounter() { counting = false; }

Allocations AllocationCounter::stop() {
  counting = false;
  return {own_count.load(), largest_foreign.load()};
}

}  // namespace tenon::backend
