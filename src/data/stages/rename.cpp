#include <fmt/format.h>

#include "data/arguments.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/key_stage.hpp"

namespace tenon::data {
namespace {

class RenameStage final : public KeyStage {
 public:
  RenameStage(KeyMap map, SourceLocation location)
      : KeyStage("rename", location), map_(std::move(map)) {}
  void edit(SchemaEditor& editor) const override { editor.rename_all(map_); }
  std::string arguments() const override {
    std::string text;
    for (const auto& [from, to] : map_) {
      text += fmt::format("{}{}={}", text.empty() ? "" : ", ", quote_key(from), quote_key(to));
    }
    return text;
  }

 protected:
  std::string origin_of(const std::string& key) const override {
    for (const auto& [from, to] : map_) {
      if (to == key) return from;
    }
    return key;
  }

 private:
  KeyMap map_;
};

}  // namespace

StageEntry rename_entry() {
  return {"rename",
          "gives keys other names, all at once",
          {{"map", ArgumentType::kTextMap, true, "", "{ old = \"new\" }"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            return dataset.rename(Arguments("rename", given).text_map("map"), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::rename(KeyMap map, Here location) const {
  if (map.empty()) throw_argument_error("rename", "no keys", "{{\"old\", \"new\"}, …}");
  return stage(std::make_shared<data::RenameStage>(std::move(map), location));
}

}  // namespace tenon
