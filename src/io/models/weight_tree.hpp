#pragma once

#include <map>
#include <string>

#include "tenon/tensor.hpp"

namespace tenon::models {

/// The content of a Keras weights file: arrays by path ("layers/conv2d/vars/0"), and the attribute
/// `name` of each group called `vars` ("layers/conv2d/vars" -> "small_conv"; empty where the file
/// has none).
struct WeightTree {
  std::map<std::string, Tensor> arrays;
  std::map<std::string, std::string> names;
};

/// Reads an HDF5 file held in memory. `file` is for messages. Throws FormatError (F001): not HDF5,
/// damaged, links that leave the file, more than `limit` bytes of arrays, dtypes that are no
/// numbers. Thread-safe.
WeightTree read_hdf5(const std::string& bytes, const std::string& file);

/// The bytes of an HDF5 file as h5py's default writes it (superblock 0, contiguous little-endian
/// arrays), so that Keras reads it.
std::string write_hdf5(const WeightTree& tree, const std::string& file);

}  // namespace tenon::models
