#include <algorithm>
#include <cctype>

#include "cli/commands.hpp"
#include "cli/json_value.hpp"
#include "cli/known_words.hpp"
#include "cli/pages.hpp"
#include "cli/table_reader.hpp"
#include "tenon/error.hpp"

namespace tenon::cli {
namespace {

std::string to_json(const Page& page) {
  nlohmann::ordered_json out;
  out["ok"] = true;
  out["code"] = page.code;
  out["page"] = page.text;
  return json_output(out);
}

}  // namespace

int explain(const CommonOptions& options, const std::string& code) {
  std::string wanted = code;
  std::transform(wanted.begin(), wanted.end(), wanted.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::vector<std::string> known;
  const auto tell = [&](const Page& page) {
    print(options.format == Format::kJson ? to_json(page) : std::string(page.text));
    return kDone;
  };
  for (const Page& page : diagnostic_pages()) {
    if (page.code == wanted) return tell(page);
    known.emplace_back(page.code);
  }
  known.emplace_back("stages");
  if (wanted == "STAGES") {
    const std::string tables = word_tables();
    return tell({"stages", tables});
  }
  Problems problems("tenon explain");
  problems.unknown(0, "code", code, known);
  throw FormatError(problems.all());
}

}  // namespace tenon::cli
