#include "io/readers/zip_directory.hpp"
#include "memory_file.hpp"
#include "tenon/npz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const tenon::fuzz::MemoryFile file(data, size);
  tenon::fuzz::allow_errors([&] { tenon::list_npz(file.path()); });
  tenon::fuzz::allow_errors([&] { tenon::load_npz(file.path()); });
  tenon::fuzz::allow_errors(
      [&] { tenon::readers::read_zip_directory(*tenon::readers::open_file(file.path())); });
  return 0;
}
