#pragma once

#include <cstddef>
#include <vector>

#include "backend/api/engine.hpp"
#include "backend/reference/kernel.hpp"

namespace tenon::backend::reference {

/// Where the values of a program are held.
struct Memory {
  std::vector<Buffer> buffers;  ///< One per value; `data` is nullptr where the memory is another's.
  Tensor arena;                 ///< Owns what the buffers point into.
};

/// How a value of `dtype` is held: in double mode float32 becomes float64.
DType held_dtype(DType dtype, Precision precision) noexcept;

/// Gives every value of `program` that a node reads or writes a place in one arena: intermediate
/// values by their lifetimes, constants (filled), and, where they are converted, inputs and
/// variables.
/// Throws EngineError (E001) for a value with more axes than the engine's loops take.
Memory place_values(const ops::Program& program, Precision precision);

}  // namespace tenon::backend::reference
