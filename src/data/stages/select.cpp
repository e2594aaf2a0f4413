#include <fmt/format.h>

#include <algorithm>

#include "data/arguments.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/key_stage.hpp"
#include "data/stages/per_key_stage.hpp"

namespace tenon::data {
namespace {

class SelectStage final : public KeyStage {
 public:
  SelectStage(Keys keys, SourceLocation location)
      : KeyStage("select", location), keys_(std::move(keys)) {}
  void edit(SchemaEditor& editor) const override {
    for (const std::string& key : keys_) editor.require(key);
    for (const std::string& key : editor.schema().keys()) {
      if (std::find(keys_.begin(), keys_.end(), key) == keys_.end()) editor.remove(key);
    }
  }
  std::string arguments() const override { return fmt::format("keys=[{}]", join_texts(keys_)); }

 private:
  Keys keys_;
};

}  // namespace

StageEntry select_entry() {
  return {"select",
          "keeps these keys and drops all others",
          {{"keys", ArgumentType::kTextList, true, "", "which keys"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            return dataset.select(Arguments("select", given).texts("keys"), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::select(Keys keys, Here location) const {
  data::require_some_keys("select", keys);
  return stage(std::make_shared<data::SelectStage>(std::move(keys), location));
}

}  // namespace tenon
