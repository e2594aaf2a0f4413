#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tenon/tensor.hpp"

namespace tenon {

/// Named arrays in file order.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// Reads a NumPy .npy file (format 1.0 to 3.0; C and Fortran order, either byte order).
/// Throws FormatError (F001): missing, truncated, object (pickled) arrays, a dtype we have no word
/// for (uint32 becomes int64; uint64 is refused above 2^63 - 1; float16 becomes float32).
Tensor load_npy(const std::string& path);
/// Reads every member of a .npz archive, stored or deflated. Limits: 65,536 members, 64 GiB in all.
NamedTensors load_npz(const std::string& path);
/// The names, dtypes and shapes only; no array data is read.
struct NpzEntry {
  std::string name;
  DType dtype = DType::kFloat32;
  Shape shape;
};
std::vector<NpzEntry> list_npz(const std::string& path);

/// Writes atomically: a new file beside it, synced, then renamed. Throws FormatError on failure;
/// the file that was there before is then untouched. Strings are written as UTF-32 ('<U'; one that
/// is no UTF-8 or ends in a NUL is refused), bfloat16 as float32. `save_npz` stores its members
/// without compression, in order; a name given twice is a KeyError (K012).
void save_npy(const std::string& path, const Tensor& tensor);
void save_npz(const std::string& path, const NamedTensors& tensors);

}  // namespace tenon
