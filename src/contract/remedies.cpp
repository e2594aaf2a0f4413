#include "contract/remedies.hpp"

#include <fmt/format.h>

#include "contract/change_makers.hpp"
#include "contract/lineage_facts.hpp"
#include "core/name_list.hpp"

namespace tenon::contract {
namespace {

std::string stage_call(const Change& change, bool toml) {
  return toml ? stage_toml(change) : stage_cpp(change);
}

std::string describe_insertion(const Change& change, const std::vector<StageReference>& stages,
                               bool toml) {
  const std::string call = stage_call(change, toml);
  const auto place = static_cast<std::size_t>(change.stage);
  if (place >= stages.size()) {
    return stages.empty() ? fmt::format("add {}", call)
                          : fmt::format("add {} at the end of the stages", call);
  }
  return fmt::format("add {} before {}", call, stage_place(stages[place]));
}

std::string path_text(const std::vector<std::string>& path) {
  std::string out;
  for (const std::string& name : path) out += (out.empty() ? "" : ".") + toml_key(name);
  return out;
}

std::string describe_setting(const Change& change, bool toml) {
  if (change.kind == Change::Kind::kReplaceText)
    return fmt::format("watch {}", quote_key(change.replacement));
  if (change.kind == Change::Kind::kRenameSetting) {
    return fmt::format("write {} for {} in {}", quote_key(change.replacement),
                       quote_key(change.path.back()), change.path[1]);
  }
  if (toml) return fmt::format("set {} = {}", path_text(change.path), to_toml(change.value));
  return fmt::format("set .{} = {}", path_text({change.path.begin() + 1, change.path.end()}),
                     to_toml(change.value));
}

}  // namespace

std::vector<Change> remedies(const Diagnostic& problem, const RemedyContext& context) {
  std::vector<Change> all;
  for (const auto part : {setting_remedies, key_remedies, stage_remedies, shape_remedies}) {
    for (Change& change : part(problem, context)) all.push_back(std::move(change));
  }
  return all;
}

std::string describe(const Change& change, const Split& split, bool toml) {
  const std::vector<StageReference> stages = stages_of(*split.dataset);
  if (change.kind == Change::Kind::kInsertStage) return describe_insertion(change, stages, toml);
  const auto index = static_cast<std::size_t>(change.stage);
  if (!change.path.empty() || index >= stages.size()) return describe_setting(change, toml);
  const std::string place = stage_place(stages[index]);
  switch (change.kind) {
    case Change::Kind::kRemoveStage:
      return fmt::format("remove {}", place);
    case Change::Kind::kMoveStage:
      return fmt::format("put {} before {}", place,
                         stage_place(stages[static_cast<std::size_t>(change.place)]));
    case Change::Kind::kSetArgument:
      return fmt::format("set {} = {} in {}", change.argument, to_toml(change.value), place);
    case Change::Kind::kAddItems:
      return fmt::format("add {} to the {} of {}", list_names(change.items), change.argument,
                         place);
    case Change::Kind::kRemoveItems:
      return fmt::format("take {} out of {}", list_names(change.items), place);
    default:
      return fmt::format("write {} for {} in {}", quote_key(change.replacement),
                         quote_key(change.text), place);
  }
}

}  // namespace tenon::contract
