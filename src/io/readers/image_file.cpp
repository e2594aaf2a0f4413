#include "io/readers/download.hpp"
#include "io/readers/image.hpp"

namespace tenon::readers {
namespace {

constexpr std::uint64_t kMaxImageFileBytes = std::uint64_t{1} << 30;

}  // namespace

std::string read_image_file(const std::string& path) {
  return read_file_or_address(path, kMaxImageFileBytes);
}

ImageInfo read_image_info(const std::string& path) {
  const std::string bytes = read_image_file(path);
  return read_image_info(bytes, path);
}

Tensor decode_image(const std::string& path, const ImagePart& part) {
  const std::string bytes = read_image_file(path);
  return decode_image(bytes, path, part);
}

Tensor load_image(const std::string& path, int channels, DType dtype, const ImagePart& part) {
  check_image_form("load_image", channels, dtype);
  return shaped_image(decode_image(path, part), channels, dtype, path);
}

}  // namespace tenon::readers
