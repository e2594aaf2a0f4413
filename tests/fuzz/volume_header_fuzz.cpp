#include "io/readers/volume.hpp"
#include "memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const tenon::fuzz::MemoryFile file(data, size);
  tenon::fuzz::allow_errors([&] { tenon::readers::check_volume_header(file.path()); });
  return 0;
}
