#include "contract/dtype_problems.hpp"

#include <fmt/format.h>

#include "contract/lineage_facts.hpp"
#include "contract/shape_rules.hpp"
#include "core/name_list.hpp"
#include "data/odd_cells.hpp"
#include "data/pipeline.hpp"

namespace tenon::contract {
namespace {

Diagnostic lossy(const Split& split, const Wanted& wish, const Field& field) {
  const std::string_view from = name_of(field.spec.dtype);
  const std::string_view to = name_of(wish.spec.dtype);
  const bool text = field.spec.dtype == DType::kString;
  Diagnostic out =
      make_diagnostic("D001", fmt::format("{} {} is {}, which does not become {} without loss",
                                          title_of(wish.role), quote_key(wish.port), from, to));
  const auto setter = who_set_dtype(split.dataset->lineage(), field.key);
  out.keys.push_back({wish.port, wish.role, wish.spec, field.spec,
                      setter ? std::optional<StageReference>(setter->stage) : std::nullopt});
  out.stage = out.keys.front().stage;
  Fix fix;
  if (text && wish.role == Role::kTarget) {
    fix.text =
        fmt::format("turn the text into class ids: .encode(\"{0}\", \"{1}\", {{…the classes…}})",
                    field.key, wish.name);
  } else if (text) {
    fix.text = "turn the text into numbers: load_image for file names, encode for classes";
  } else {
    fix.cpp = fmt::format(".cast({{\"{}\"}}, DType::{})", field.key,
                          wish.spec.dtype == DType::kInt64 ? "kInt64" : "kFloat32");
    fix.toml = fmt::format("{{ op = \"cast\", keys = [\"{}\"], dtype = \"{}\" }}", field.key, to);
    fix.text = fmt::format("if the loss is meant, add {}", fix.cpp);
    if (field.role != Role::kData) fix.text = fmt::format("yield {} instead of {}", to, from);
  }
  out.fixes.push_back(std::move(fix));
  const data::Pipeline& pipeline = *split.dataset->pipeline();
  if (text) {
    data::tell_odd_cells(out, *pipeline.source(), pipeline.lineage(),
                         static_cast<std::int64_t>(pipeline.stages().size()), field.key);
  }
  return out;
}

/// D002, where the values are known before reading: class ids beyond the output's classes.
bool beyond_range(const Wanted& wish, const Field& field) {
  const auto& wanted = wish.spec.range;
  const auto& given = field.spec.range;
  return wish.role == Role::kTarget && wanted && given &&
         (given->high > wanted->high || given->low < wanted->low);
}

Diagnostic out_of_range(const Split& split, const Wanted& wish, const Field& field) {
  const ValueRange& wanted = *wish.spec.range;
  const ValueRange& given = *field.spec.range;
  Diagnostic out = make_diagnostic(
      "D002", fmt::format("targets of output {} are {} to {}, and its loss {} takes {} to {}",
                          quote_key(wish.port), given.low, given.high, wish.output->loss,
                          wanted.low, wanted.high));
  const auto maker = how_it_was_made(split.dataset->lineage(), field.key);
  out.keys.push_back({wish.port, wish.role, wish.spec, field.spec,
                      maker ? std::optional<StageReference>(maker->stage) : std::nullopt});
  out.stage = out.keys.front().stage;
  Fix fix;
  fix.text = fmt::format("give output {} {} units, or the data as many classes as it has",
                         quote_key(wish.port), given.high + 1.0);
  out.fixes.push_back(std::move(fix));
  return out;
}

bool looks_unscaled(const TrainingInterface& interface, const Wanted& wish, const Field& field) {
  if (wish.role != Role::kInput || field.spec.dtype != DType::kUInt8) return false;
  for (const Port& input : interface.inputs) {
    if (input.name == wish.port) return !input.rescaled;
  }
  return true;
}

Diagnostic unscaled(const Split& split, const std::vector<const Wanted*>& wishes) {
  std::vector<std::string> names;
  std::string keys;
  Diagnostic out = make_diagnostic("D003", "");
  out.severity = Severity::kWarning;
  for (const Wanted* wish : wishes) {
    const Field& field = split.dataset->schema()[*wish->slot];
    names.push_back(wish->port);
    keys += fmt::format("{}\"{}\"", keys.empty() ? "" : ", ", field.key);
    out.keys.push_back({wish->port, wish->role, wish->spec, field.spec, std::nullopt});
  }
  out.message =
      fmt::format("uint8 values 0..255 go into {} as they are, and the model does not rescale them",
                  list_names(names));
  Fix fix;
  fix.cpp = fmt::format(".scale({{{}}}, 1.0 / 255.0)", keys);
  fix.toml = fmt::format("{{ op = \"scale\", keys = [{}], factor = 0.00392156862745098 }}", keys);
  fix.text = fmt::format("add {}, or begin the model with Rescaling(1.0 / 255.0)", fix.cpp);
  out.fixes.push_back(std::move(fix));
  return out;
}

Diagnostic widened(const Split& split, const std::vector<const Wanted*>& wishes) {
  std::string text;
  Diagnostic out = make_diagnostic("D001", "");
  out.severity = Severity::kNote;
  for (const Wanted* wish : wishes) {
    const Field& field = split.dataset->schema()[*wish->slot];
    text += fmt::format("{}{} from {}", text.empty() ? "" : ", ", quote_key(wish->port),
                        name_of(field.spec.dtype));
    out.keys.push_back({wish->port, wish->role, wish->spec, field.spec, std::nullopt});
  }
  out.message = fmt::format("converted to float32 without loss: {}", text);
  return out;
}

}  // namespace

bool dtype_fits(const Wanted& wish, DType data) {
  if (data == DType::kString) return false;
  if (wish.role == Role::kTarget && wish.output->target_form == TargetForm::kClassIds) {
    return is_integer(data) || data == DType::kBool;
  }
  if (wish.role != Role::kInput && is_integer(data)) return true;
  return converts_without_loss(data, wish.spec.dtype);
}

std::vector<Diagnostic> dtype_problems(const TrainingInterface& interface, const Split& split,
                                       const Join& join) {
  std::vector<Diagnostic> problems;
  std::vector<const Wanted*> raw;
  std::vector<const Wanted*> wider;
  const bool samples = gives_samples(join, split.dataset->schema());
  for (const Wanted& wish : join.wanted) {
    if (!wish.slot) continue;
    const Field& field = split.dataset->schema()[*wish.slot];
    const ShapeFit fit = fit_of(wish, as_batch(wish, field, samples));
    const bool other_form = fit != ShapeFit::kFits && fit != ShapeFit::kNoBatchAxis;
    if (wish.role == Role::kTarget && other_form) continue;  // S007 tells the form as a whole.
    if (!dtype_fits(wish, field.spec.dtype)) {
      problems.push_back(lossy(split, wish, field));
    } else if (beyond_range(wish, field)) {
      problems.push_back(out_of_range(split, wish, field));
    } else if (looks_unscaled(interface, wish, field)) {
      raw.push_back(&wish);
    } else if (wish.role == Role::kInput && field.spec.dtype != wish.spec.dtype) {
      wider.push_back(&wish);
    }
  }
  if (!raw.empty()) problems.push_back(unscaled(split, raw));
  if (!wider.empty()) problems.push_back(widened(split, wider));
  return problems;
}

}  // namespace tenon::contract
