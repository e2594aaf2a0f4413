#include <fmt/format.h>

#include "data/arguments.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/key_stage.hpp"
#include "data/stages/per_key_stage.hpp"

namespace tenon::data {
namespace {

class DropStage final : public KeyStage {
 public:
  DropStage(Keys keys, SourceLocation location)
      : KeyStage("drop", location), keys_(std::move(keys)) {}
  void edit(SchemaEditor& editor) const override {
    for (const std::string& key : keys_) editor.remove(key);
  }
  std::string arguments() const override { return fmt::format("keys=[{}]", join_texts(keys_)); }

 private:
  Keys keys_;
};

}  // namespace

StageEntry drop_entry() {
  return {"drop",
          "removes keys",
          {{"keys", ArgumentType::kTextList, true, "", "which keys"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            return dataset.drop(Arguments("drop", given).texts("keys"), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::drop(Keys keys, Here location) const {
  data::require_some_keys("drop", keys);
  return stage(std::make_shared<data::DropStage>(std::move(keys), location));
}

}  // namespace tenon
