#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "backend/api/arena.hpp"
#include "backend/onednn/layout.hpp"
#include "backend/onednn/variables.hpp"
#include "tenon/tensor.hpp"

namespace tenon::backend::onednn {

/// Index of a piece of memory that steps read and write.
using CellId = std::int32_t;
inline constexpr CellId kNoCell = -1;

enum class Home : std::uint8_t { kArena, kInput, kVariable, kConstant };

/// Where cells begin; what fills the last line of one in a row is 0.
inline constexpr std::size_t kLine = kVariableLine;

/// A piece of memory: a value of the program, a copy of one in another layout, a workspace.
struct Cell {
  Home home = Home::kArena;
  std::size_t bytes = 0;
  std::int32_t slot = -1;  ///< kInput: index of the input; kVariable: of the variable.
  DType dtype = DType::kFloat32;
  float constant = 0.0F;  ///< kConstant: the value of every element.
  Layout layout = {};
  CellId origin = kNoCell;  ///< A view into this cell, `offset` bytes from its start.
  std::size_t offset = 0;
  bool kept = false;  ///< Holds until the next run: an output of the program.
  /// Which cells of one home lie one behind the other, each from the next multiple of kLine on,
  /// with 0 between them; -1: alone.
  int row = -1;
};

/// The address of a cell, known when the plan is placed and, for inputs, when they are bound.
class Ref {
 public:
  Ref() = default;
  explicit Ref(std::byte* const* address) : address_(address) {}
  explicit operator bool() const noexcept { return address_ != nullptr; }
  /// nullptr for an empty Ref.
  template <class T = float>
  T* as() const noexcept {
    return address_ != nullptr ? reinterpret_cast<T*>(*address_) : nullptr;
  }

 private:
  std::byte* const* address_ = nullptr;
};

/// What a step touches, for lifetimes.
struct StepMemory {
  std::vector<CellId> reads;
  std::vector<CellId> writes;
  /// (output, input) whose memory may be the same if the input dies here.
  std::vector<std::pair<CellId, CellId>> in_place;
  std::size_t scratch_bytes = 0;
};

/// All memory of a plan. Cells are added while it is lowered; place() gives them addresses.
class Memory {
 public:
  CellId add(Cell cell);
  const Cell& cell(CellId id) const { return cells_[static_cast<std::size_t>(id)]; }
  Cell& cell(CellId id) { return cells_[static_cast<std::size_t>(id)]; }

  /// Cells that place() puts one behind the other; those that are no intermediate values, or views
  /// of parts, are left out.
  void keep_together(std::vector<CellId> cells) { rows_.push_back(std::move(cells)); }
  /// True if `next` begins in the line behind `id` and both are of one row.
  bool follows(CellId id, CellId next) const;
  /// Grows whenever addresses of `watch`ed cells change.
  std::uint64_t version() const { return version_; }
  void watch(CellId id) { watched_.push_back(id); }
  /// The cell that `id` is a view of, in the end.
  CellId root(CellId id) const;

  /// Empty for kNoCell.
  Ref ref(CellId id) const;
  /// The shared scratch memory; as long as the largest step asks for.
  Ref scratch() const { return Ref(&scratch_address_); }
  /// oneDNN's handle of a cell or of the scratch memory, filled when addresses are known.
  dnnl::memory handle(CellId id, const bridge::Desc& desc);
  dnnl::memory scratch_handle(const bridge::Desc& desc);

  struct Placement {
    bool in_place = true;  ///< An output may take the memory of an input.
    bool huge_pages = true;
    std::function<Tensor(std::size_t total, std::size_t rows)> arena{};  ///< CompileOptions::arena.
  };
  /// Finds every cell a place by the lifetimes that `steps` give.
  void place(const std::vector<StepMemory>& steps, OnednnVariables* variables,
             const Placement& how);
  void bind_input(std::size_t index, std::byte* data);
  /// Variables have moved.
  void bind_variables(OnednnVariables& variables);

  /// Bytes from the start of the arena to `id`; -1 for one that is in no row there.
  std::int64_t offset_in_row(CellId id) const;
  std::size_t arena_bytes() const { return arena_.defined() ? arena_.byte_size() : 0; }
  /// The most bytes of the arena that are needed at one step.
  std::size_t alive_bytes() const { return alive_bytes_; }
  std::size_t scratch_bytes() const { return scratch_.defined() ? scratch_.byte_size() : 0; }
  /// Held by views of outputs.
  const Tensor& arena() const { return arena_; }

 private:
  struct Handle {
    CellId cell;
    dnnl::memory memory;
  };
  std::size_t offset_in_root(CellId id) const;
  void share_in_place(const std::vector<StepMemory>& steps);
  std::size_t place_rows(std::vector<ArenaBuffer>& buffers, int steps);
  void set_address(CellId id, std::byte* address);
  void set_variable(CellId id, OnednnVariables& variables);
  void set_views_and_handles();
  void place_scratch(const std::vector<StepMemory>& steps, const Placement& how);

  std::vector<Cell> cells_;
  std::deque<std::byte*> addresses_;  // one per cell; never moves
  std::vector<Handle> handles_;
  std::vector<std::vector<CellId>> rows_;
  std::vector<CellId> watched_;
  std::uint64_t version_ = 0;
  std::vector<dnnl::memory> scratch_handles_;
  std::byte* scratch_address_ = nullptr;
  std::size_t alive_bytes_ = 0;
  Tensor arena_;
  Tensor constants_;
  Tensor scratch_;
};

}  // namespace tenon::backend::onednn
