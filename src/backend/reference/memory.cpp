#include "backend/reference/memory.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "backend/api/arena.hpp"
#include "backend/reference/loops.hpp"
#include "tenon/error.hpp"

namespace tenon::backend::reference {
namespace {

std::size_t byte_size(const Buffer& buffer) {
  return static_cast<std::size_t>(buffer.size) * size_of(buffer.dtype);
}

Buffer buffer_of(DType dtype, const Shape& shape) {
  return {nullptr, dtype, shape, shape.element_count()};
}

Buffer buffer_of(const ops::Value& value, Precision precision) {
  if (value.shape.rank() > kMaxRank) {
    throw EngineError(
        make_diagnostic("E001", fmt::format("`{}` has {} axes; the reference engine takes up to {}",
                                            value.name, value.shape.rank(), kMaxRank)));
  }
  return buffer_of(held_dtype(value.dtype, precision), value.shape);
}

/// What the opaque output of `node` holds in this engine.
Buffer opaque_buffer(const ops::Program& program, const ops::Node& node) {
  if (node.kind == ops::OpKind::kDropout) {
    const Shape& noise = std::get<ops::DropoutAttributes>(node.attributes).noise_shape;
    return buffer_of(DType::kUInt8,
                     noise.rank() != 0 ? noise : program.value(node.inputs[0]).shape);
  }
  return buffer_of(DType::kInt32, program.value(node.outputs[0]).shape);  // max pooling's indices
}

void describe(const ops::Program& program, Precision precision, std::vector<Buffer>& buffers) {
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    if (!program.values[i].opaque) {
      buffers[i] = buffer_of(program.values[i], precision);
    }
  }
  for (const ops::Node& node : program.nodes) {
    for (const ops::ValueId id : node.outputs) {
      if (id != ops::kNoValue && program.value(id).opaque) {
        buffers[static_cast<std::size_t>(id)] = opaque_buffer(program, node);
      }
    }
  }
}

/// Inputs and variables are used where they are, unless their dtype is converted at the border.
bool needs_place(const ops::Value& value, const Buffer& buffer) {
  const bool borrowed =
      value.kind == ops::ValueKind::kInput || value.kind == ops::ValueKind::kVariable;
  return !borrowed || value.dtype != buffer.dtype;
}

/// What the arena is planned from: no bytes for what lies elsewhere. Constants are filled once and
/// converted variables are read back after the last step, so both stay for the whole run.
std::vector<ArenaBuffer> arena_buffers(const ops::Program& program,
                                       const std::vector<Buffer>& buffers) {
  const std::vector<Lifetime> lifetimes = liveness(program);
  const Lifetime whole_run{0, static_cast<int>(program.nodes.size())};
  std::vector<ArenaBuffer> wanted(buffers.size());
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    const ops::Value& value = program.values[i];
    wanted[i].bytes = needs_place(value, buffers[i]) ? byte_size(buffers[i]) : 0;
    const bool computed = value.kind == ops::ValueKind::kIntermediate;
    wanted[i].lifetime = computed || !lifetimes[i].used() ? lifetimes[i] : whole_run;
  }
  return wanted;
}

void fill_constant(const ops::Value& value, const Buffer& buffer) {
  if (buffer.dtype == DType::kFloat64) {
    std::fill_n(reinterpret_cast<double*>(buffer.data), buffer.size,
                static_cast<double>(value.constant));
  } else if (buffer.dtype == DType::kFloat32) {
    std::fill_n(reinterpret_cast<float*>(buffer.data), buffer.size, value.constant);
  } else {
    throw EngineError(make_diagnostic(
        "E001",
        fmt::format("the reference engine has no constants of dtype {}", name_of(buffer.dtype))));
  }
}

}  // namespace

DType held_dtype(DType dtype, Precision precision) noexcept {
  return dtype == DType::kFloat32 && precision == Precision::kFloat64 ? DType::kFloat64 : dtype;
}

Memory place_values(const ops::Program& program, Precision precision) {
  Memory memory;
  memory.buffers.resize(program.values.size());
  describe(program, precision, memory.buffers);
  const std::vector<ArenaBuffer> wanted = arena_buffers(program, memory.buffers);
  const ArenaPlan plan = plan_arena(wanted);
  memory.arena = Tensor(DType::kUInt8, Shape{static_cast<std::int64_t>(plan.total)});
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].bytes == 0 || !wanted[i].lifetime.used()) {
      continue;
    }
    memory.buffers[i].data = memory.arena.bytes() + plan.offsets[i];
    if (program.values[i].kind == ops::ValueKind::kConstant) {
      fill_constant(program.values[i], memory.buffers[i]);
    }
  }
  return memory;
}

}  // namespace tenon::backend::reference
