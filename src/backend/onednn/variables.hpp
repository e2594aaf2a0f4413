#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "backend/api/engine.hpp"
#include "backend/onednn/layout.hpp"

namespace tenon::backend::onednn {

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

  /// The memory, which stays where it is once the layout is settled.
  std::byte* data(std::int32_t slot) { return entry(slot).memory.bytes(); }
  /// Of the memory, padding of blocked layouts included.
  std::size_t byte_size(std::int32_t slot) const { return entry(slot).memory.byte_size(); }

 private:
  struct Entry {
    Tensor memory;  // plain: of the variable's dtype and shape; otherwise bytes
    Layout layout;
    bool settled = false;
  };
  const Entry& entry(std::int32_t slot) const;
  Entry& entry(std::int32_t slot);

  std::vector<VariableSpec> specs_;
  std::vector<Entry> entries_;
};

/// Copies between memory of two descriptions; blocking, for loads and saves.
void copy_reordered(const bridge::Desc& from_desc, const std::byte* from,
                    const bridge::Desc& to_desc, std::byte* to);

}  // namespace tenon::backend::onednn
