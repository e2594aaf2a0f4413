#include "backend/reference/kernel.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "tenon/error.hpp"

namespace tenon::backend::reference {
namespace {

using Table = std::array<const KernelEntry*, ops::kOpCount>;

Table make_table() {
  Table table{};
  for (const auto& family :
       {convolution_kernels(), dense_kernels(), pooling_kernels(), shape_kernels(),
        arithmetic_kernels(), activation_kernels(), softmax_kernels(), normalization_kernels(),
        regularization_kernels(), image_kernels(), loss_kernels(), clip_kernels(),
        optimizer_kernels()}) {
    for (const KernelEntry& entry : family) {
      table[static_cast<std::size_t>(entry.kind)] = &entry;
    }
  }
  return table;
}

bool connected(const std::vector<const Buffer*>& ports, int port) noexcept {
  return port < static_cast<int>(ports.size()) && ports[static_cast<std::size_t>(port)] != nullptr;
}

}  // namespace

KernelContext::KernelContext(const ops::Node& node, std::vector<const Buffer*> inputs,
                             std::vector<const Buffer*> outputs, const StepNumbers& numbers)
    : node_(&node), inputs_(std::move(inputs)), outputs_(std::move(outputs)), numbers_(&numbers) {}

bool KernelContext::has_input(int port) const noexcept { return connected(inputs_, port); }
bool KernelContext::has_output(int port) const noexcept { return connected(outputs_, port); }

const Buffer& KernelContext::input_buffer(int port) const {
  return *inputs_[static_cast<std::size_t>(port)];
}
const Buffer& KernelContext::output_buffer(int port) const {
  return *outputs_[static_cast<std::size_t>(port)];
}

void KernelContext::throw_dtype(const Buffer& buffer, int port, DType wanted) const {
  throw EngineError(make_diagnostic(
      "E001", fmt::format("the reference engine cannot run {} (`{}`): port {} is {}, not {}",
                          ops::name_of(node_->kind), node_->name, port, name_of(buffer.dtype),
                          name_of(wanted))));
}

const KernelEntry* find_kernels(ops::OpKind kind) noexcept {
  static const Table table = make_table();
  const auto index = static_cast<std::size_t>(kind);
  return index < table.size() ? table[index] : nullptr;
}

}  // namespace tenon::backend::reference
