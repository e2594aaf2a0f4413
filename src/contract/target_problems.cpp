#include "contract/target_problems.hpp"

#include <fmt/format.h>

#include "contract/lineage_facts.hpp"

namespace tenon::contract {
namespace {

bool is_one_hot_of(const TensorSpec& target, const TrainedOutput& output) {
  return output.output.spec.shape_fits(target);
}

bool is_class_ids_of(const TensorSpec& target, const TrainedOutput& output) {
  TrainedOutput ids = output;
  ids.target_form = TargetForm::kClassIds;
  return target_fits(target, ids);
}

/// `given`: the spec of `field` as a batch has it.
Fix fix_of(const Field& field, const TensorSpec& given, const TrainedOutput& output) {
  const std::int64_t classes =
      output.output.spec.shape.empty() ? -1 : output.output.spec.shape.back().size();
  Fix fix;
  if (output.target_form == TargetForm::kClassIds && is_one_hot_of(given, output)) {
    fix.text = fmt::format(
        "the targets look one-hot: use the loss \"categorical_crossentropy\", or give class ids in "
        "[0, {})",
        classes);
  } else if (output.target_form == TargetForm::kOneHot && is_class_ids_of(given, output)) {
    fix.cpp = fmt::format(".one_hot({{\"{}\"}}, {})", field.key, classes);
    fix.toml =
        fmt::format("{{ op = \"one_hot\", keys = [\"{}\"], depth = {} }}", field.key, classes);
    fix.text = fmt::format(
        "the targets look like class ids: use the loss \"sparse_categorical_crossentropy\", or add "
        "{}",
        fix.cpp);
  } else {
    fix.text = fmt::format("give targets of shape {}, or mend the units of output \"{}\"",
                           target_spec(output).shape_string(), output.output.name);
  }
  return fix;
}

}  // namespace

Diagnostic target_problem(const TrainingInterface& interface, const Split& split,
                          const Wanted& wish, const TensorSpec& given) {
  const Field& field = split.dataset->schema()[*wish.slot];
  const TrainedOutput& output = *wish.output;
  Diagnostic out =
      make_diagnostic("S007", fmt::format("the targets of output {} do not fit its loss {}",
                                          quote_key(output.output.name), output.loss));
  const auto made = how_it_was_made(split.dataset->lineage(), field.key);
  out.keys.push_back({wish.port, Role::kTarget, wish.spec, field.spec,
                      made ? std::optional<StageReference>(made->stage) : std::nullopt});
  out.stage = out.keys.front().stage;
  out.comparison.expected_title =
      fmt::format("{} of `{}` expects", output.loss, interface.model_name);
  out.comparison.actual_title = fmt::format("{} data gives", split.name);
  out.comparison.rows.push_back({wish.port, wish.spec, field.key, field.spec, "never broadcast"});
  out.notes.push_back(fmt::format("output {} is {}", quote_key(output.output.name),
                                  output.output.spec.to_string()));
  out.fixes.push_back(fix_of(field, given, output));
  return out;
}

}  // namespace tenon::contract
