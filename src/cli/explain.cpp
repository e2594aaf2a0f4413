#include <algorithm>
#include <cctype>

#include "cli/commands.hpp"
#include "cli/pages.hpp"
#include "cli/table_reader.hpp"
#include "tenon/error.hpp"

namespace tenon::cli {

int explain(const std::string& code) {
  std::string wanted = code;
  std::transform(wanted.begin(), wanted.end(), wanted.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::vector<std::string> known;
  for (const Page& page : diagnostic_pages()) {
    if (page.code == wanted) {
      print(std::string(page.text));
      return 0;
    }
    known.emplace_back(page.code);
  }
  Problems problems("tenon explain");
  problems.unknown(0, "code", code, known);
  throw FormatError(problems.all());
}

}  // namespace tenon::cli
