#include <fmt/format.h>

#include <vector>

#include "io/models/hdf5_handle.hpp"
#include "io/models/weight_tree.hpp"
#include "tenon/error.hpp"

namespace tenon::models {
namespace {

class TreeWriter {
 public:
  TreeWriter(hid_t file, std::string name) : file_(file), name_(std::move(name)) {}

  void write(const WeightTree& tree) {
    const Hdf5Properties links(H5Pcreate(H5P_LINK_CREATE));
    H5Pset_create_intermediate_group(links.get(), 1);
    for (const auto& [path, layer] : tree.names) {
      const Hdf5Group group(H5Gcreate2(file_, path.c_str(), links.get(), H5P_DEFAULT, H5P_DEFAULT));
      require(group.valid(), path);
      write_name(group.get(), layer, path);
    }
    for (const auto& [path, array] : tree.arrays) write_array(path, array, links.get());
  }

 private:
  void require(bool good, const std::string& path) const {
    if (!good) throw_file_error(name_, fmt::format("/{} cannot be written", path));
  }

  void write_name(hid_t group, const std::string& layer, const std::string& path) const {
    const Hdf5Type type(H5Tcopy(H5T_C_S1));
    H5Tset_size(type.get(), H5T_VARIABLE);
    H5Tset_cset(type.get(), H5T_CSET_UTF8);
    const Hdf5Space scalar(H5Screate(H5S_SCALAR));
    const Hdf5Attribute attribute(
        H5Acreate2(group, "name", type.get(), scalar.get(), H5P_DEFAULT, H5P_DEFAULT));
    const char* text = layer.c_str();
    require(attribute.valid() && H5Awrite(attribute.get(), type.get(), &text) >= 0, path);
  }

  void write_array(const std::string& path, const Tensor& array, hid_t links) const {
    std::vector<hsize_t> dims;
    for (const std::int64_t dim : array.shape()) dims.push_back(static_cast<hsize_t>(dim));
    const Hdf5Space space(
        dims.empty() ? H5Screate(H5S_SCALAR)
                     : H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr));
    const bool floating = array.dtype() == DType::kFloat32;
    require(floating || array.dtype() == DType::kInt32, path);
    const hid_t stored = floating ? H5T_IEEE_F32LE : H5T_STD_I32LE;
    const hid_t memory = floating ? H5T_NATIVE_FLOAT : H5T_NATIVE_INT32;
    const Hdf5Dataset dataset(
        H5Dcreate2(file_, path.c_str(), stored, space.get(), links, H5P_DEFAULT, H5P_DEFAULT));
    require(dataset.valid(), path);
    if (array.size() == 0) return;
    require(H5Dwrite(dataset.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.bytes()) >= 0,
            path);
  }

  hid_t file_;
  std::string name_;
};

}  // namespace

std::string write_hdf5(const WeightTree& tree, const std::string& file) {
  const Hdf5Session session;
  const Hdf5Properties access(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_fapl_core(access.get(), 1U << 20U, false);
  const Hdf5File made(H5Fcreate("weights in memory", H5F_ACC_TRUNC, H5P_DEFAULT, access.get()));
  if (!made.valid()) throw_file_error(file, "an HDF5 file cannot be made in memory");
  TreeWriter(made.get(), file).write(tree);
  H5Fflush(made.get(), H5F_SCOPE_GLOBAL);
  const ssize_t size = H5Fget_file_image(made.get(), nullptr, 0);
  if (size <= 0) throw_file_error(file, "the HDF5 file cannot be finished");
  std::string bytes(static_cast<std::size_t>(size), '\0');
  H5Fget_file_image(made.get(), bytes.data(), bytes.size());
  return bytes;
}

}  // namespace tenon::models
