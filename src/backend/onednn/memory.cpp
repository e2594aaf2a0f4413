#include "backend/onednn/memory.hpp"

#include <algorithm>
#include <cstring>

#include "backend/api/arena.hpp"
#include "backend/onednn/huge_pages.hpp"
#include "backend/onednn/kernels/convert.hpp"

namespace tenon::backend::onednn {
namespace {

constexpr std::size_t kAlignment = 64;

void fill_constant(const Cell& cell, std::byte* data) {
  const std::size_t element = size_of(cell.dtype);
  if (cell.bytes == 0) return;
  convert(1, DType::kFloat32, reinterpret_cast<const std::byte*>(&cell.constant), cell.dtype, data,
          1);
  for (std::size_t i = element; i < cell.bytes; i += element) std::memcpy(data + i, data, element);
}

/// Lifetimes of the roots of cells, from the steps that touch them.
template <class RootOf>
std::vector<Lifetime> root_lifetimes(const std::vector<StepMemory>& steps, std::size_t count,
                                     const RootOf& root) {
  std::vector<Lifetime> lifetimes(count);
  int position = 0;
  for (const StepMemory& step : steps) {
    for (const auto* list : {&step.reads, &step.writes}) {
      for (const CellId id : *list) {
        Lifetime& lifetime = lifetimes[static_cast<std::size_t>(root(id))];
        lifetime = join(lifetime, {position, position});
      }
    }
    ++position;
  }
  return lifetimes;
}

}  // namespace

CellId Memory::add(Cell cell) {
  cells_.push_back(std::move(cell));
  addresses_.push_back(nullptr);
  return static_cast<CellId>(cells_.size()) - 1;
}

Ref Memory::ref(CellId id) const {
  return id == kNoCell ? Ref() : Ref(&addresses_[static_cast<std::size_t>(id)]);
}

dnnl::memory Memory::handle(CellId id, const bridge::Desc& desc) {
  handles_.push_back({id, dnnl::memory(desc, bridge::engine(), DNNL_MEMORY_NONE)});
  return handles_.back().memory;
}

dnnl::memory Memory::scratch_handle(const bridge::Desc& desc) {
  scratch_handles_.push_back(dnnl::memory(desc, bridge::engine(), DNNL_MEMORY_NONE));
  return scratch_handles_.back();
}

CellId Memory::root(CellId id) const {
  while (cell(id).origin != kNoCell) id = cell(id).origin;
  return id;
}

std::size_t Memory::offset_in_root(CellId id) const {
  std::size_t offset = 0;
  for (; cell(id).origin != kNoCell; id = cell(id).origin) offset += cell(id).offset;
  return offset;
}

void Memory::share_in_place(const std::vector<StepMemory>& steps) {
  const auto root_of = [this](CellId id) { return root(id); };
  std::vector<Lifetime> lifetimes = root_lifetimes(steps, cells_.size(), root_of);
  // Kept cells outlive every step.
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    if (!cells_[i].kept) continue;
    Lifetime& lifetime = lifetimes[static_cast<std::size_t>(root(static_cast<CellId>(i)))];
    lifetime = join(lifetime, {0, static_cast<int>(steps.size())});
  }
  int position = 0;
  for (const StepMemory& step : steps) {
    for (const auto& pair : step.in_place) {
      const CellId input = pair.second;
      const CellId target = root(pair.first);
      const CellId source = root(input);
      const Cell& from = cell(source);
      Cell& to = cell(target);
      const auto output_index = static_cast<std::size_t>(target);
      const auto input_index = static_cast<std::size_t>(source);
      const bool alone = std::none_of(step.reads.begin(), step.reads.end(), [&](CellId other) {
        return other != input && root(other) == source;
      });
      const bool fits = alone && target != source && from.home == Home::kArena &&
                        to.home == Home::kArena && from.bytes == to.bytes && !to.kept;
      if (!fits || lifetimes[input_index].last != position ||
          lifetimes[output_index].first != position) {
        continue;
      }
      to.origin = source;
      to.offset = 0;
      lifetimes[input_index] = join(lifetimes[input_index], lifetimes[output_index]);
    }
    ++position;
  }
}

void Memory::set_address(CellId id, std::byte* address) {
  addresses_[static_cast<std::size_t>(id)] = address;
}

void Memory::place(const std::vector<StepMemory>& steps, OnednnVariables* variables,
                   const Placement& how) {
  if (how.in_place) share_in_place(steps);
  const auto root_of = [this](CellId id) { return root(id); };
  std::vector<Lifetime> lifetimes = root_lifetimes(steps, cells_.size(), root_of);
  std::vector<ArenaBuffer> buffers(cells_.size());
  std::vector<ArenaBuffer> constants(cells_.size());
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const auto top = static_cast<std::size_t>(root(static_cast<CellId>(i)));
    if (cells_[i].kept) {
      lifetimes[top] = join(lifetimes[top], {0, static_cast<int>(steps.size())});
    }
  }
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    if (cells_[i].origin != kNoCell) continue;
    if (cells_[i].home == Home::kArena) buffers[i] = {cells_[i].bytes, lifetimes[i]};
    if (cells_[i].home == Home::kConstant) constants[i] = {cells_[i].bytes, {0, 1}};
  }
  const ArenaPlan plan = plan_arena(buffers, kAlignment);
  const ArenaPlan constant_plan = plan_arena(constants, kAlignment);
  alive_bytes_ = most_alive(buffers, kAlignment);
  arena_ = zeroed_bytes(plan.total, how.huge_pages);
  constants_ = zeroed_bytes(constant_plan.total, false);
  std::size_t scratch = 0;
  for (const StepMemory& step : steps) scratch = std::max(scratch, step.scratch_bytes);
  scratch_ = zeroed_bytes(scratch, how.huge_pages);
  scratch_address_ = scratch_.bytes();
  for (dnnl::memory& memory : scratch_handles_) memory.set_data_handle(scratch_address_);
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const Cell& own = cells_[i];
    const auto id = static_cast<CellId>(i);
    if (own.origin != kNoCell) continue;
    if (own.home == Home::kArena) set_address(id, arena_.bytes() + plan.offsets[i]);
    if (own.home == Home::kVariable) set_address(id, variables->data(own.slot));
    if (own.home != Home::kConstant) continue;
    set_address(id, constants_.bytes() + constant_plan.offsets[i]);
    fill_constant(own, addresses_[i]);
  }
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const auto id = static_cast<CellId>(i);
    if (cells_[i].origin == kNoCell || cell(root(id)).home == Home::kInput) continue;
    set_address(id, addresses_[static_cast<std::size_t>(root(id))] + offset_in_root(id));
  }
  for (Handle& handle : handles_) {
    std::byte* address = addresses_[static_cast<std::size_t>(handle.cell)];
    if (address != nullptr) handle.memory.set_data_handle(address);
  }
}

void Memory::bind_input(std::size_t index, std::byte* data) {
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const auto id = static_cast<CellId>(i);
    const Cell& top = cell(root(id));
    if (top.home != Home::kInput || top.slot != static_cast<std::int32_t>(index)) continue;
    set_address(id, data + offset_in_root(id));
  }
  for (Handle& handle : handles_) {
    const Cell& top = cell(root(handle.cell));
    if (top.home != Home::kInput || top.slot != static_cast<std::int32_t>(index)) continue;
    handle.memory.set_data_handle(addresses_[static_cast<std::size_t>(handle.cell)]);
  }
}

}  // namespace tenon::backend::onednn
