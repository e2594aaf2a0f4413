#include <fmt/format.h>

#include <array>
#include <vector>

#include "io/models/hdf5_handle.hpp"
#include "io/models/weight_tree.hpp"
#include "tenon/error.hpp"

namespace tenon::models {
namespace {

constexpr std::uint64_t kMaxArrayBytes = std::uint64_t{1} << 36U;  // 64 GiB
constexpr int kMaxDepth = 64;
constexpr hsize_t kMaxLinks = 65536;
constexpr std::size_t kMaxText = 4096;

class TreeReader {
 public:
  TreeReader(std::string file, std::uint64_t file_bytes)
      : file_(std::move(file)), file_bytes_(file_bytes) {}

  WeightTree read(hid_t root) {
    read_group(root, "", 0);
    return std::move(tree_);
  }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& what) const {
    throw_file_error(file_, fmt::format("{} at /{}", what, path),
                     "a weights file as Keras writes it", "save it again from Keras or Tenon");
  }

  void read_group(hid_t group, const std::string& path, int depth) {
    if (depth > kMaxDepth) fail(path, "groups nested too deeply");
    H5G_info_t info{};
    if (H5Gget_info(group, &info) < 0) fail(path, "a group that cannot be read");
    if (info.nlinks > kMaxLinks) fail(path, "too many entries in a group");
    if (path == "vars" || path.ends_with("/vars")) tree_.names[path] = read_name(group);
    for (hsize_t i = 0; i < info.nlinks; ++i) read_entry(group, path, i, depth);
  }

  void read_entry(hid_t group, const std::string& path, hsize_t index, int depth) {
    std::array<char, kMaxText> name{};
    const ssize_t length = H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, index,
                                              name.data(), name.size(), H5P_DEFAULT);
    if (length <= 0 || static_cast<std::size_t>(length) >= name.size())
      fail(path, "an entry without a usable name");
    const std::string child = path.empty() ? name.data() : path + "/" + name.data();
    H5L_info_t link{};
    if (H5Lget_info(group, name.data(), &link, H5P_DEFAULT) < 0)
      fail(child, "a link that cannot be read");
    if (link.type != H5L_TYPE_HARD)
      fail(child, "a soft or external link, which could lead out of the file,");
    const Hdf5Object object(H5Oopen(group, name.data(), H5P_DEFAULT));
    if (!object.valid()) fail(child, "an object that cannot be read");
    const H5I_type_t type = H5Iget_type(object.get());
    if (type == H5I_GROUP) {
      read_group(object.get(), child, depth + 1);
    } else if (type == H5I_DATASET) {
      tree_.arrays.emplace(child, read_array(object.get(), child));
    } else {
      fail(child, "an object that is neither group nor array");
    }
  }

  /// Keras writes the layer's name as a scalar text; an absent or odd one counts as none.
  static std::string read_name(hid_t group) {
    if (H5Aexists(group, "name") <= 0) return {};
    const Hdf5Attribute attribute(H5Aopen(group, "name", H5P_DEFAULT));
    const Hdf5Type type(H5Aget_type(attribute.get()));
    if (!type.valid() || H5Tget_class(type.get()) != H5T_STRING) return {};
    if (H5Tis_variable_str(type.get()) > 0) {
      char* text = nullptr;
      const Hdf5Type memory(H5Tcopy(H5T_C_S1));
      H5Tset_size(memory.get(), H5T_VARIABLE);
      H5Tset_cset(memory.get(), H5Tget_cset(type.get()));
      if (H5Aread(attribute.get(), memory.get(), &text) < 0 || text == nullptr) return {};
      const std::string name = text;
      H5free_memory(text);
      return name;
    }
    const std::size_t size = H5Tget_size(type.get());
    if (size == 0 || size > kMaxText) return {};
    std::string name(size, '\0');
    if (H5Aread(attribute.get(), type.get(), name.data()) < 0) return {};
    return name.substr(0, name.find('\0'));
  }

  Tensor read_array(hid_t dataset, const std::string& path) {
    const Hdf5Space space(H5Dget_space(dataset));
    const int rank = space.valid() ? H5Sget_simple_extent_ndims(space.get()) : -1;
    if (rank < 0 || rank > 8) fail(path, "an array of odd rank");
    std::vector<hsize_t> dims(static_cast<std::size_t>(rank));
    H5Sget_simple_extent_dims(space.get(), dims.data(), nullptr);
    std::uint64_t bytes = 4;
    std::vector<std::int64_t> shape;
    for (const hsize_t dim : dims) {
      if (dim != 0 && bytes > kMaxArrayBytes / dim) fail(path, "an array that is too large");
      bytes *= dim;
      shape.push_back(static_cast<std::int64_t>(dim));
    }
    total_bytes_ += bytes;
    // Contiguous arrays cannot hold more than the file; packed ones are bounded by deflate's ratio.
    if (total_bytes_ > kMaxArrayBytes || total_bytes_ > 1032 * (file_bytes_ + 4096)) {
      fail(path, "arrays larger than the file can hold");
    }
    return read_elements(dataset, Shape(std::move(shape)), path);
  }

  Tensor read_elements(hid_t dataset, Shape shape, const std::string& path) const {
    const Hdf5Type type(H5Dget_type(dataset));
    const H5T_class_t kind = H5Tget_class(type.get());
    if (kind != H5T_FLOAT && kind != H5T_INTEGER) fail(path, "an array that holds no numbers");
    const bool floating = kind == H5T_FLOAT;
    Tensor out(floating ? DType::kFloat32 : DType::kInt64, std::move(shape));
    const hid_t memory = floating ? H5T_NATIVE_FLOAT : H5T_NATIVE_INT64;
    if (out.size() > 0 &&
        H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, out.bytes()) < 0) {
      fail(path, "an array that cannot be read");
    }
    return out;
  }

  std::string file_;
  std::uint64_t file_bytes_;
  std::uint64_t total_bytes_ = 0;
  WeightTree tree_;
};

}  // namespace

WeightTree read_hdf5(const std::string& bytes, const std::string& file) {
  const Hdf5Session session;
  const Hdf5Properties access(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_fapl_core(access.get(), 1U << 20U, false);
  // The library copies the image; it is not changed.
  H5Pset_file_image(access.get(), const_cast<char*>(bytes.data()), bytes.size());
  const Hdf5File opened(bytes.empty() ? -1
                                      : H5Fopen("weights in memory", H5F_ACC_RDONLY, access.get()));
  if (!opened.valid()) {
    throw_file_error(file, "this is no HDF5 file, or it is cut off",
                     "a weights file as Keras writes it");
  }
  const Hdf5Group root(H5Gopen2(opened.get(), "/", H5P_DEFAULT));
  return TreeReader(file, bytes.size()).read(root.get());
}

}  // namespace tenon::models
