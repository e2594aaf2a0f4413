#include "io/readers/tfrecord_index.hpp"
#include "memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const tenon::fuzz::MemoryFile memory(data, size);
  tenon::fuzz::allow_errors([&] {
    const auto file = tenon::readers::open_unpacked(memory.path());
    const tenon::readers::TfRecordIndex index = tenon::readers::index_tfrecord(*file);
    for (std::size_t record = 0; record < index.begins.size(); ++record) {
      const std::uint64_t end =
          record + 1 < index.begins.size() ? index.begins[record + 1] : index.end;
      tenon::fuzz::allow_errors(
          [&] { tenon::readers::read_tfrecord(*file, index.begins[record], end, "fuzz"); });
    }
  });
  return 0;
}
