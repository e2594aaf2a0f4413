#include "io/readers/image.hpp"
#include "memory_file.hpp"

/// What begins as another kind of file is no input of this one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::int64_t kMaxSamples = std::int64_t{1} << 22;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!bytes.starts_with("\xFF\xD8\xFF")) return -1;
  tenon::fuzz::allow_errors([&] {
    const tenon::readers::ImageInfo info = tenon::readers::read_image_info(bytes, "fuzz");
    if (info.height * info.width * info.channels > kMaxSamples) return;
    tenon::readers::decode_image(bytes, "fuzz", {.page = 0, .at_least = {0, 0}});
    tenon::readers::decode_image(bytes, "fuzz", {.page = 0, .at_least = {1, 1}});
  });
  return 0;
}
