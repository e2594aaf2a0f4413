#include <cstdio>

#include "core/atomic_file.hpp"
#include "core/npy_format.hpp"
#include "core/open_file.hpp"
#include "tenon/error.hpp"
#include "tenon/npz.hpp"

namespace tenon {
namespace {

class FileSource : public ByteSource {
 public:
  explicit FileSource(const std::string& path) : path_(path), file_(open_for_reading(path)) {}

  std::size_t read(void* bytes, std::size_t count) override {
    const std::size_t got = std::fread(bytes, 1, count, file_.handle.get());
    if (got < count && std::ferror(file_.handle.get()) != 0) {
      throw_file_error(path_, "reading failed");
    }
    return got;
  }
  std::uint64_t size() const override { return file_.size; }
  const std::string& name() const override { return path_; }

 private:
  std::string path_;
  OpenFile file_;
};

}  // namespace

Tensor load_npy(const std::string& path) {
  FileSource source(path);
  const NpyHeader header = read_npy_header(source);
  return read_npy_array(source, header);
}

void save_npy(const std::string& path, const Tensor& tensor) {
  const NpyImage image = npy_image(path, tensor);
  AtomicFile file(path);
  file.write(image.header);
  file.write(image.array.bytes(), image.array.byte_size());
  file.commit();
}

}  // namespace tenon
