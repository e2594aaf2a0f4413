#include "io/readers/image.hpp"
#include "memory_file.hpp"

/// What begins as another kind of file is no input of this one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::int64_t kMaxSamples = std::int64_t{1} << 22;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!tenon::readers::is_tiff(bytes)) return -1;
  tenon::fuzz::allow_errors([&] {
    const tenon::readers::ImageInfo info = tenon::readers::read_image_info(bytes, "fuzz");
    if (info.height * info.width * info.channels > kMaxSamples) return;
    tenon::readers::decode_image(bytes, "fuzz");
  });
  // The pages of one file may be of any size: only what is small in all is decoded.
  if (size < 4096) {
    tenon::fuzz::allow_errors([&] { tenon::readers::decode_image(bytes, "fuzz", {.page = 1}); });
  }
  return 0;
}
