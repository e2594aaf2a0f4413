#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "backend/api/engine.hpp"
#include "ops/program.hpp"

namespace tenon::backend::reference {

/// A value of the program in memory: dense, row-major. `dtype` is how it is held, which in double
/// mode is kFloat64 where the program says kFloat32. Opaque values have the shape that their op
/// needs (a workspace: the shape of y).
struct Buffer {
  std::byte* data = nullptr;
  DType dtype = DType::kFloat32;
  Shape shape;
  std::int64_t size = 0;  ///< Elements.
};

/// What one node computes from and into. Ports that are not connected hold nullptr.
class KernelContext {
 public:
  /// All references must outlive the context; `numbers` is read at each run.
  KernelContext(const ops::Node& node, std::vector<const Buffer*> inputs,
                std::vector<const Buffer*> outputs, const StepNumbers& numbers);

  const ops::Node& node() const noexcept { return *node_; }
  template <class A>
  const A& attributes() const {
    return std::get<A>(node_->attributes);
  }
  int num_inputs() const noexcept { return static_cast<int>(inputs_.size()); }
  int num_outputs() const noexcept { return static_cast<int>(outputs_.size()); }
  bool has_input(int port) const noexcept;
  bool has_output(int port) const noexcept;
  const Buffer& input_buffer(int port) const;
  const Buffer& output_buffer(int port) const;
  const Shape& input_shape(int port) const { return input_buffer(port).shape; }
  const Shape& output_shape(int port) const { return output_buffer(port).shape; }
  std::int64_t input_size(int port) const { return input_buffer(port).size; }
  std::int64_t output_size(int port) const { return output_buffer(port).size; }

  /// The elements; nullptr for a port that is not connected. Throws EngineError (E001) if the value
  /// is held in another dtype.
  template <class T>
  const T* input(int port) const {
    return has_input(port) ? elements<T>(input_buffer(port), port) : nullptr;
  }
  template <class T>
  T* output(int port) const {
    return has_output(port) ? elements<T>(output_buffer(port), port) : nullptr;
  }
  /// A variable among the inputs, which the op updates in place.
  template <class T>
  T* variable(int port) const {
    return has_input(port) ? elements<T>(input_buffer(port), port) : nullptr;
  }

  const StepNumbers& numbers() const noexcept { return *numbers_; }

 private:
  template <class T>
  T* elements(const Buffer& buffer, int port) const {
    if (buffer.dtype != dtype_of<T>()) {
      throw_dtype(buffer, port, dtype_of<T>());
    }
    return reinterpret_cast<T*>(buffer.data);
  }
  [[noreturn]] void throw_dtype(const Buffer& buffer, int port, DType wanted) const;

  const ops::Node* node_;
  std::vector<const Buffer*> inputs_;
  std::vector<const Buffer*> outputs_;
  const StepNumbers* numbers_;
};

using Kernel = void (*)(const KernelContext&);

/// The kernels of one op, for values held in float32 and in float64.
struct KernelEntry {
  ops::OpKind kind;
  Kernel float32;
  Kernel float64;
};

/// nullptr where there is none; a test holds that every op has one.
const KernelEntry* find_kernels(ops::OpKind kind) noexcept;

/// The families, each in kernels/<family>.cpp.
std::span<const KernelEntry> convolution_kernels();
std::span<const KernelEntry> dense_kernels();
std::span<const KernelEntry> pooling_kernels();
std::span<const KernelEntry> shape_kernels();
std::span<const KernelEntry> arithmetic_kernels();
std::span<const KernelEntry> activation_kernels();
std::span<const KernelEntry> softmax_kernels();
std::span<const KernelEntry> normalization_kernels();
std::span<const KernelEntry> regularization_kernels();
std::span<const KernelEntry> image_kernels();
std::span<const KernelEntry> loss_kernels();
std::span<const KernelEntry> clip_kernels();
std::span<const KernelEntry> optimizer_kernels();

}  // namespace tenon::backend::reference
