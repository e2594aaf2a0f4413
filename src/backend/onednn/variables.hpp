#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "backend/api/engine.hpp"
#include "backend/onednn/layout.hpp"
#include "core/cache_line.hpp"

namespace tenon::backend::onednn {

/// Bytes; a multiple of what the widest vector has.
inline constexpr std::size_t kVariableLine = kCacheLine;

/// Variables in the layout that the kernels want. A variable's layout is settled by the first plan
/// that uses it and then stays: plans of other batch sizes share it.
class OnednnVariables final : public Variables {
 public:
  /// Zero-filled.
  explicit OnednnVariables(std::vector<VariableSpec> specs);

  const std::vector<VariableSpec>& specs() const noexcept override { return specs_; }
  /// Throws EngineError (E001) if there is no such slot.
  Tensor read(std::int32_t slot) const override;
  void write(std::int32_t slot, const Tensor& value) override;

  bool settled(std::int32_t slot) const { return entry(slot).settled; }
  const Layout& layout(std::int32_t slot) const { return entry(slot).layout; }
  /// Decides the layout, once; the values are kept. Later calls do nothing.
  void settle(std::int32_t slot, const Layout& layout);

  /// Moves variables, whose layouts are settled, one behind the other, each to the next multiple of
  /// kVariableLine, with 0 between them; nothing if they lie so, in memory of `home` where one is
  /// given. Empty ones stay.
  void gather(const std::vector<std::int32_t>& slots, const VariableMemory* home = nullptr);
  /// Which were gathered together; -1: lies alone.
  int row(std::int32_t slot) const { return entry(slot).row; }
  /// How often gather() has moved some.
  std::uint64_t moves() const { return moves_; }

  /// The memory, which stays where it is once the layout is settled, until gather() moves it.
  std::byte* data(std::int32_t slot) { return entry(slot).memory.bytes(); }
  /// Of the memory, padding of blocked layouts included.
  std::size_t byte_size(std::int32_t slot) const { return entry(slot).memory.byte_size(); }

 private:
  struct Entry {
    Tensor memory;  // plain: of the variable's dtype and shape; otherwise bytes
    Layout layout;
    bool settled = false;
    int row = -1;
  };
  bool gathered(const std::vector<std::int32_t>& slots) const;
  const Entry& entry(std::int32_t slot) const;
  Entry& entry(std::int32_t slot);

  std::vector<VariableSpec> specs_;
  std::vector<Entry> entries_;
  int rows_ = 0;
  std::uint64_t moves_ = 0;
};

/// Copies between memory of two descriptions; blocking, for loads and saves.
void copy_reordered(const bridge::Desc& from_desc, const std::byte* from,
                    const bridge::Desc& to_desc, std::byte* to);

}  // namespace tenon::backend::onednn
