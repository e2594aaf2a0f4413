#include "backend/onednn/memory.hpp"

#include <algorithm>
#include <cstring>

#include "backend/api/arena.hpp"
#include "backend/onednn/huge_pages.hpp"
#include "backend/onednn/kernels/convert.hpp"
#include "core/cache_line.hpp"

namespace tenon::backend::onednn {
namespace {

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

bool Memory::follows(CellId id, CellId next) const {
  const Cell& own = cell(root(id));
  const Cell& other = cell(root(next));
  return own.row >= 0 && own.row == other.row && own.home == other.home &&
         ref(next).as<std::byte>() == ref(id).as<std::byte>() + whole_lines(cell(id).bytes);
}

// From the start of the arena on. The last line of each is nobody else's, so that what fills it
// stays 0; the others are free for other values while there is nothing in them yet. Returns where
// they end.
std::size_t Memory::place_rows(std::vector<ArenaBuffer>& buffers, int steps) {
  std::size_t offset = 0;
  int row = 0;
  for (const std::vector<CellId>& cells : rows_) {
    for (const CellId id : cells) {
      Cell& top = cell(root(id));
      ArenaBuffer& buffer = buffers[static_cast<std::size_t>(root(id))];
      if (top.home != Home::kArena || top.bytes != cell(id).bytes || top.row >= 0 ||
          top.bytes == 0 || !buffer.lifetime.used()) {
        continue;
      }
      top.row = row;
      buffer.offset = offset;
      buffer.bytes = top.bytes / kLine * kLine;
      const std::size_t line = offset + buffer.bytes;
      offset += whole_lines(top.bytes);
      if (line < offset) buffers.push_back({kLine, {0, steps}, line});
    }
    ++row;
  }
  return offset;
}

std::int64_t Memory::offset_in_row(CellId id) const {
  const Cell& top = cell(root(id));
  if (top.home != Home::kArena || top.row < 0 || !arena_.defined()) return -1;
  return ref(id).as<const std::byte>() - arena_.bytes();
}

void Memory::set_variable(CellId id, OnednnVariables& variables) {
  Cell& own = cell(id);
  own.row = variables.row(own.slot);
  set_address(id, variables.data(own.slot));
}

// Of all homes but inputs, which are bound later.
void Memory::set_views_and_handles() {
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
  const std::size_t rows = place_rows(buffers, static_cast<int>(steps.size()));
  const ArenaPlan plan = plan_arena(buffers, kLine);
  const ArenaPlan constant_plan = plan_arena(constants, kLine);
  alive_bytes_ = most_alive(buffers, kLine);
  if (how.arena && rows > 0) arena_ = how.arena(plan.total, rows);
  if (!arena_.defined()) arena_ = zeroed_bytes(plan.total, how.huge_pages);
  constants_ = zeroed_bytes(constant_plan.total, false);
  place_scratch(steps, how);
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const Cell& own = cells_[i];
    const auto id = static_cast<CellId>(i);
    if (own.origin != kNoCell) continue;
    if (own.home == Home::kArena) {
      set_address(id, arena_.bytes() + buffers[i].offset.value_or(plan.offsets[i]));
    }
    if (own.home == Home::kVariable) set_variable(id, *variables);
    if (own.home != Home::kConstant) continue;
    set_address(id, constants_.bytes() + constant_plan.offsets[i]);
    fill_constant(own, addresses_[i]);
  }
  set_views_and_handles();
  ++version_;
}

void Memory::place_scratch(const std::vector<StepMemory>& steps, const Placement& how) {
  std::size_t scratch = 0;
  for (const StepMemory& step : steps) scratch = std::max(scratch, step.scratch_bytes);
  scratch_ = zeroed_bytes(scratch, how.huge_pages);
  scratch_address_ = scratch_.bytes();
  for (dnnl::memory& memory : scratch_handles_) memory.set_data_handle(scratch_address_);
}

void Memory::bind_variables(OnednnVariables& variables) {
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    if (cells_[i].origin != kNoCell || cells_[i].home != Home::kVariable) continue;
    set_variable(static_cast<CellId>(i), variables);
  }
  set_views_and_handles();
  ++version_;
}

void Memory::bind_input(std::size_t index, std::byte* data) {
  const auto is_input = [&](CellId id) {
    const Cell& top = cell(root(id));
    return top.home == Home::kInput && top.slot == static_cast<std::int32_t>(index);
  };
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const auto id = static_cast<CellId>(i);
    if (is_input(id)) set_address(id, data + offset_in_root(id));
  }
  for (Handle& handle : handles_) {
    if (!is_input(handle.cell)) continue;
    handle.memory.set_data_handle(addresses_[static_cast<std::size_t>(handle.cell)]);
  }
  if (std::ranges::any_of(watched_, is_input)) ++version_;
}

}  // namespace tenon::backend::onednn
