#include <fmt/format.h>

#include "data/arguments.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/key_stage.hpp"

namespace tenon::data {
namespace {

class CopyStage final : public KeyStage {
 public:
  CopyStage(std::string from, std::string to, SourceLocation location)
      : KeyStage("copy", location), from_(std::move(from)), to_(std::move(to)) {}
  void edit(SchemaEditor& editor) const override {
    const TensorSpec* spec = editor.require(from_);
    editor.add(to_, spec == nullptr ? TensorSpec::of_unknown_rank(DType::kFloat32) : *spec, from_);
  }
  std::string arguments() const override {
    return fmt::format("from={}, to={}", quote_key(from_), quote_key(to_));
  }

 protected:
  std::string origin_of(const std::string& key) const override { return key == to_ ? from_ : key; }

 private:
  std::string from_;
  std::string to_;
};

}  // namespace

StageEntry copy_entry() {
  return {"copy",
          "the same values under a second key",
          {{"from", ArgumentType::kText, true, "", "the key there is"},
           {"to", ArgumentType::kText, true, "", "the key to add"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("copy", given);
            return dataset.copy(arguments.text("from"), arguments.text("to"), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::copy(std::string from, std::string to, Here location) const {
  return stage(std::make_shared<data::CopyStage>(std::move(from), std::move(to), location));
}

}  // namespace tenon
