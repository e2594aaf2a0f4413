#include "backend/onednn/variables.hpp"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "backend/onednn/huge_pages.hpp"
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
    entries_.push_back({.memory = Tensor(spec.dtype, spec.shape), .layout = {}, .settled = false});
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

}  // namespace tenon::backend::onednn
