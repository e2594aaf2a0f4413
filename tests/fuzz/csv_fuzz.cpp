#include <algorithm>

#include "io/readers/csv_row.hpp"
#include "io/readers/csv_scan.hpp"
#include "io/readers/csv_value.hpp"
#include "memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const tenon::fuzz::MemoryFile file(data, size);
  tenon::fuzz::allow_errors([&] {
    const tenon::readers::CsvScan scan = tenon::readers::scan_csv(file.path(), ',');
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::vector<std::string> cells;
    for (std::size_t row = 0; row + 1 < scan.offsets.size(); ++row) {
      const std::uint64_t begin = scan.offsets[row];
      if (begin > size || scan.offsets[row + 1] > size) __builtin_trap();
      const std::string_view line = text.substr(begin, scan.offsets[row + 1] - begin);
      tenon::readers::split_csv_row(line, ',', cells);
      for (std::size_t cell = 0; cell < std::min(cells.size(), scan.types.size()); ++cell)
        tenon::readers::cell_value(cells[cell], scan.types[cell]);
    }
  });
  return 0;
}
