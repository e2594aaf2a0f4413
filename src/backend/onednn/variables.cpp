#include "backend/onednn/variables.hpp"

#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <utility>

#include "backend/onednn/huge_pages.hpp"
#include "core/cache_line.hpp"
#include "tenon/error.hpp"

namespace tenon::backend::onednn {
namespace {

Tensor memory_for(const bridge::Desc& desc) { return zeroed_bytes(desc.get_size(), true); }

}  // namespace

void copy_reordered(const bridge::Desc& from_desc, const std::byte* from,
                    const bridge::Desc& to_desc, std::byte* to) {
  dnnl::memory source(from_desc, bridge::engine(), const_cast<std::byte*>(from));
  dnnl::memory target(to_desc, bridge::engine(), to);
  dnnl::stream stream(bridge::engine());
  dnnl::reorder(source, target).execute(stream, source, target);
  stream.wait();
}

OnednnVariables::OnednnVariables(std::vector<VariableSpec> specs) : specs_(std::move(specs)) {
  entries_.reserve(specs_.size());
  for (const VariableSpec& spec : specs_) {
    entries_.push_back(
        {.memory = Tensor(spec.dtype, spec.shape), .layout = {}, .settled = false, .row = -1});
  }
}

const OnednnVariables::Entry& OnednnVariables::entry(std::int32_t slot) const {
  if (slot < 0 || static_cast<std::size_t>(slot) >= entries_.size()) {
    throw EngineError(make_diagnostic(
        "E001", fmt::format("variable {} does not exist; there are {}", slot, entries_.size())));
  }
  return entries_[static_cast<std::size_t>(slot)];
}

OnednnVariables::Entry& OnednnVariables::entry(std::int32_t slot) {
  return const_cast<Entry&>(std::as_const(*this).entry(slot));
}

Tensor OnednnVariables::read(std::int32_t slot) const {
  const Entry& stored = entry(slot);
  if (!stored.layout) return stored.memory.clone();
  const VariableSpec& spec = specs_[static_cast<std::size_t>(slot)];
  Tensor result = Tensor::uninitialized(spec.dtype, spec.shape);
  copy_reordered(stored.layout->desc, stored.memory.bytes(), stored.layout->plain, result.bytes());
  return result;
}

void OnednnVariables::write(std::int32_t slot, const Tensor& value) {
  Entry& stored = entry(slot);
  const VariableSpec& spec = specs_[static_cast<std::size_t>(slot)];
  if (value.dtype() != spec.dtype || value.shape() != spec.shape) {
    throw ShapeError(make_diagnostic(
        "W001", fmt::format("weights of {} {} came for `{}`, which is {} {}",
                            name_of(value.dtype()), value.shape().to_string(), spec.name,
                            name_of(spec.dtype), spec.shape.to_string())));
  }
  if (stored.layout) {
    copy_reordered(stored.layout->plain, value.bytes(), stored.layout->desc, stored.memory.bytes());
  } else if (value.byte_size() != 0) {
    std::memcpy(stored.memory.bytes(), value.bytes(), value.byte_size());
  }
}

void OnednnVariables::settle(std::int32_t slot, const Layout& layout) {
  Entry& stored = entry(slot);
  if (stored.settled) return;
  stored.settled = true;
  if (!layout) return;
  Tensor memory = memory_for(layout->desc);
  copy_reordered(layout->plain, stored.memory.bytes(), layout->desc, memory.bytes());
  stored.memory = std::move(memory);
  stored.layout = layout;
}

bool OnednnVariables::gathered(const std::vector<std::int32_t>& slots) const {
  const std::byte* next = nullptr;
  for (const std::int32_t slot : slots) {
    const Entry& own = entry(slot);
    if (own.row < 0 || own.row != entry(slots.front()).row) return false;
    if (next != nullptr && own.memory.bytes() != next) return false;
    next = own.memory.bytes() + whole_lines(own.memory.byte_size());
  }
  return true;
}

void OnednnVariables::gather(const std::vector<std::int32_t>& slots, const VariableMemory* home) {
  std::vector<std::int32_t> present = slots;
  std::erase_if(present, [&](std::int32_t slot) { return byte_size(slot) == 0; });
  if (present.empty()) return;
  const bool at_home = home == nullptr || home->made(data(present.front()));
  if (at_home && gathered(present)) return;
  std::size_t bytes = 0;
  for (const std::int32_t slot : present) bytes += whole_lines(byte_size(slot));
  const auto block = std::make_shared<Tensor>(home != nullptr ? home->make(bytes) : Tensor());
  if (!block->defined()) *block = unfilled_bytes(bytes, true);
  std::byte* next = block->bytes();
  for (const std::int32_t slot : present) {
    Entry& own = entry(slot);
    const std::size_t size = own.memory.byte_size();
    // One after the other, each freed at once: both homes of all would be twice the memory.
    std::memcpy(next, own.memory.bytes(), size);
    std::memset(next + size, 0, whole_lines(size) - size);
    own.memory = Tensor::view(next, own.memory.dtype(), own.memory.shape(), block);
    own.row = rows_;
    next += whole_lines(size);
  }
  ++rows_;
  ++moves_;
  constexpr std::size_t kMuch = std::size_t{1} << 20U;
  if (bytes >= kMuch) return_freed_memory();
}

}  // namespace tenon::backend::onednn
