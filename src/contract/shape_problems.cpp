#include "contract/shape_problems.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "contract/dtype_problems.hpp"
#include "contract/grid_problems.hpp"
#include "contract/lineage_facts.hpp"
#include "contract/shape_rules.hpp"
#include "contract/target_problems.hpp"
#include "core/name_list.hpp"

namespace tenon::contract {
namespace {

struct Context {
  const TrainingInterface& interface;
  const Split& split;
  const bool samples;  ///< The data give samples where batches are wanted.
  const Schema& schema() const { return split.dataset->schema(); }
  const Field& field(const Wanted& wish) const { return schema()[*wish.slot]; }
  /// What a batch of the field is, also where the batch stage is missing.
  TensorSpec spec(const Wanted& wish) const { return as_batch(wish, field(wish), samples); }
};

KeyReport report(const Context& context, const Wanted& wish) {
  const Field& field = context.field(wish);
  KeyReport key{wish.port, wish.role, wish.spec, field.spec, std::nullopt};
  const auto made = how_it_was_made(context.split.dataset->lineage(), field.key);
  if (made) key.stage = made->stage;
  return key;
}

Comparison table_of(const Context& context, const std::vector<const Wanted*>& wishes,
                    const std::vector<std::string>& remarks) {
  Comparison table;
  table.expected_title = fmt::format("model `{}` expects", context.interface.model_name);
  table.actual_title = fmt::format("{} data gives", context.split.name);
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    const Field& field = context.field(*wishes[i]);
    table.rows.push_back({wishes[i]->port, wishes[i]->spec, field.key, field.spec, remarks[i]});
  }
  return table;
}

bool from_generator(const Context& context) {
  return context.split.dataset->stages().front().name == "generator";
}

std::string plain_shape(const TensorSpec& spec) {
  return spec.rank() == 0 ? "single numbers" : spec.shape_string();
}

Diagnostic no_batch_axis(const Context& context, const std::vector<const Wanted*>& wishes) {
  std::vector<std::string> names;
  names.reserve(wishes.size());
  for (const Wanted* wish : wishes) names.push_back(context.field(*wish).key);
  const Field& first = context.field(*wishes.front());
  const bool generator = first.role != Role::kData;
  Diagnostic out =
      make_diagnostic("S001", fmt::format("the batch axis is missing: the {} {} for {}",
                                          generator ? "generator yields" : "data give",
                                          plain_shape(first.spec), list_names(names)));
  for (const Wanted* wish : wishes) {
    out.keys.push_back(report(context, *wish));
    // Of a pipeline no stage is to blame: one is missing.
    if (!generator) out.keys.back().stage.reset();
  }
  out.stage = out.keys.front().stage;
  out.comparison = table_of(context, wishes, std::vector<std::string>(wishes.size()));
  Fix fix;
  fix.cpp = ".batch(32)";
  fix.toml = "{ op = \"batch\", size = 32 }";
  fix.text = generator ? fmt::format(
                             "yield whole batches, as {}: every tensor with the samples along its "
                             "first axis; or add .batch(32)",
                             wishes.front()->spec.shape_string())
                       : std::string("add .batch(32) behind the other stages");
  out.fixes.push_back(std::move(fix));
  return out;
}

Diagnostic swapped(const Context& context, const Wanted& a, const Wanted& b) {
  Diagnostic out = make_diagnostic("S003", fmt::format("the data of inputs {} and {} look swapped",
                                                       quote_key(a.port), quote_key(b.port)));
  out.keys = {report(context, a), report(context, b)};
  out.stage = out.keys.front().stage;
  out.comparison = table_of(
      context, {&a, &b},
      {fmt::format("fits {}", quote_key(b.port)), fmt::format("fits {}", quote_key(a.port))});
  Fix fix;
  fix.cpp = fmt::format(".rename({{{{\"{0}\", \"{1}\"}}, {{\"{1}\", \"{0}\"}}}})", a.name, b.name);
  fix.toml = fmt::format("{{ op = \"rename\", map = {{ \"{0}\" = \"{1}\", \"{1}\" = \"{0}\" }} }}",
                         a.name, b.name);
  fix.text = fmt::format("swap them where they are made, or add {}", fix.cpp);
  out.fixes.push_back(std::move(fix));
  return out;
}

Diagnostic other_layout(const Context& context, const Wanted& wish, ShapeFit fit) {
  const Field& field = context.field(wish);
  const bool first = fit == ShapeFit::kChannelsFirst;
  Diagnostic out = make_diagnostic(
      "S004", fmt::format("{} is channels {} where channels {} is expected", quote_key(field.key),
                          first ? "first" : "last", first ? "last" : "first"));
  out.keys = {report(context, wish)};
  const auto setter = who_set_axis(context.split.dataset->lineage(), field.key, 1);
  if (setter) out.stage = out.keys.front().stage = setter->stage;
  out.comparison = table_of(context, {&wish}, {first ? "channels first" : "channels last"});
  // A sample's axes: the stage stands best before batching, and says so by its rank.
  const int rank = wish.spec.rank() - 1;
  std::string axes = first ? "" : std::to_string(rank - 1);
  for (int axis = first ? 1 : 0; axis < (first ? rank : rank - 1); ++axis) {
    axes += fmt::format("{}{}", axes.empty() ? "" : ", ", axis);
  }
  if (first) axes += ", 0";
  Fix fix;
  fix.cpp = fmt::format(".transpose({{\"{}\"}}, {{{}}})", field.key, axes);
  fix.toml =
      fmt::format("{{ op = \"transpose\", keys = [\"{}\"], permutation = [{}] }}", field.key, axes);
  const bool batches = wish.slot && context.split.dataset->batched() && !from_generator(context);
  fix.text = fmt::format("add {}{}", fix.cpp, batches ? " before the batch stage" : "");
  out.fixes.push_back(std::move(fix));
  return out;
}

Diagnostic wrong_shape(const Context& context, const Wanted& wish, ShapeFit fit) {
  const Field& field = context.field(wish);
  Diagnostic out = make_diagnostic("S002", "");
  out.keys = {report(context, wish)};
  const TensorSpec given = context.spec(wish);
  const auto axis = differing_axis(wish.spec, given);
  if (fit == ShapeFit::kRank || !axis) {
    out.message = fmt::format("{} {} has rank {} where {} is expected", title_of(wish.role),
                              quote_key(wish.port), given.rank(), wish.spec.rank());
  } else {
    const auto i = static_cast<std::size_t>(*axis);
    out.message = fmt::format("{} {}: {} is {} where {} is expected", title_of(wish.role),
                              quote_key(wish.port), axis_name(wish.spec, *axis),
                              given.shape[i].to_string(), wish.spec.shape[i].to_string());
    const auto setter =
        who_set_axis(context.split.dataset->lineage(), field.key, given.rank() - *axis);
    if (setter) {
      out.stage = out.keys.front().stage = setter->stage;
      out.notes.push_back(fmt::format("{} was last set by {}", axis_name(wish.spec, *axis),
                                      stage_text(setter->stage)));
    }
  }
  out.comparison = table_of(context, {&wish}, {axis ? axis_name(wish.spec, *axis) : "rank"});
  Fix fix;
  const bool spatial = axis && *axis >= 1 && *axis <= 2 && wish.spec.rank() == 4 &&
                       wish.spec.shape[1].known() && wish.spec.shape[2].known() &&
                       wish.spec.shape[3].fits(given.shape[3]);
  if (spatial) {
    fix.cpp = fmt::format(".resize({{\"{}\"}}, {{{}, {}}})", field.key, wish.spec.shape[1].size(),
                          wish.spec.shape[2].size());
    fix.toml = fmt::format("{{ op = \"resize\", keys = [\"{}\"], size = [{}, {}] }}", field.key,
                           wish.spec.shape[1].size(), wish.spec.shape[2].size());
    fix.text = fmt::format("mend the size where it is set, or add {}", fix.cpp);
  } else {
    fix.text = fmt::format("make it {}, or declare the model's input as {}",
                           wish.spec.shape_string(), given.shape_string());
  }
  out.fixes.push_back(std::move(fix));
  return out;
}

/// S005: keys of one element that have different numbers of rows.
void add_batch_sizes(std::vector<Diagnostic>& problems, const Context& context, const Join& join) {
  std::vector<const Wanted*> sized;
  for (const Wanted& wish : join.wanted) {
    if (!wish.slot) continue;
    const TensorSpec spec = context.spec(wish);
    const bool batched = spec.rank() >= 1 && fit_of(wish, spec) != ShapeFit::kNoBatchAxis;
    if (batched && spec.shape.front().known()) sized.push_back(&wish);
  }
  const auto differs = [&](const Wanted* wish) {
    return !(context.field(*wish).spec.shape.front() ==
             context.field(*sized.front()).spec.shape.front());
  };
  if (sized.size() < 2 || std::none_of(sized.begin(), sized.end(), differs)) return;
  std::string sizes;
  Diagnostic out = make_diagnostic("S005", "");
  for (const Wanted* wish : sized) {
    const Field& field = context.field(*wish);
    sizes += fmt::format("{}{} {}", sizes.empty() ? "" : ", ",
                         field.key.empty() ? "the target" : quote_key(field.key),
                         field.spec.shape.front().size());
    out.keys.push_back(report(context, *wish));
  }
  out.message = fmt::format("the keys of a batch have different numbers of rows: {}", sizes);
  out.stage = out.keys.front().stage;
  Fix fix;
  fix.text = "give every key as many rows as the others: row i of each belongs to sample i";
  out.fixes.push_back(std::move(fix));
  problems.push_back(std::move(out));
}

std::vector<const Wanted*> with_fit(const Context& context, const Join& join, ShapeFit fit) {
  std::vector<const Wanted*> found;
  for (const Wanted& wish : join.wanted) {
    if (!wish.slot) continue;
    if (fit_of(wish, context.spec(wish)) == fit) found.push_back(&wish);
  }
  return found;
}

std::vector<const Wanted*> without_batch_axis(const Context& context, const Join& join) {
  if (!context.samples) return with_fit(context, join, ShapeFit::kNoBatchAxis);
  std::vector<const Wanted*> found;
  for (const Wanted& wish : join.wanted) {
    if (wish.slot && context.spec(wish).rank() != context.field(wish).spec.rank())
      found.push_back(&wish);
  }
  return found;
}

/// Pairs of inputs where each fits the other's port and not its own (S003); they are taken out.
void add_swapped(std::vector<Diagnostic>& problems, const Context& context,
                 std::vector<const Wanted*>& wrong) {
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    for (std::size_t j = i + 1; j < wrong.size(); ++j) {
      const Wanted& a = *wrong[i];
      const Wanted& b = *wrong[j];
      if (a.role != Role::kInput || b.role != Role::kInput) continue;
      const auto loosely = [&](const Wanted& wish, const Wanted& other) {
        const ShapeFit fit = fit_of(wish.spec, context.spec(other));
        return fit == ShapeFit::kFits || fit == ShapeFit::kNoBatchAxis;
      };
      if (!loosely(a, b) || !loosely(b, a)) continue;
      problems.push_back(swapped(context, a, b));
      wrong.erase(wrong.begin() + static_cast<std::ptrdiff_t>(j));
      wrong.erase(wrong.begin() + static_cast<std::ptrdiff_t>(i));
      --i;
      break;
    }
  }
}

/// What differs, without the key: "channels (axis 3) is 1 where 3 is expected".
std::string cause_of(const Diagnostic& problem) {
  const std::size_t colon = problem.message.find(": ");
  return colon == std::string::npos ? std::string() : problem.message.substr(colon + 2);
}

/// The same difference set by the same stage in several keys is one problem.
void gather_one_cause(std::vector<Diagnostic>& problems) {
  std::vector<Diagnostic> gathered;
  for (Diagnostic& problem : problems) {
    const std::string cause = problem.code == "S002" ? cause_of(problem) : std::string();
    const auto same = std::find_if(gathered.begin(), gathered.end(), [&](const Diagnostic& known) {
      return !cause.empty() && known.code == problem.code && cause_of(known) == cause &&
             known.stage && problem.stage && known.stage->index == problem.stage->index &&
             known.keys.front().role == problem.keys.front().role;
    });
    if (same == gathered.end()) {
      gathered.push_back(std::move(problem));
      continue;
    }
    same->keys.push_back(std::move(problem.keys.front()));
    same->comparison.rows.push_back(std::move(problem.comparison.rows.front()));
    std::vector<std::string> names;
    for (const KeyReport& key : same->keys) names.push_back(key.key);
    same->message = fmt::format("{} {}s {}: {}", names.size(), title_of(same->keys.front().role),
                                list_names(names), cause);
  }
  problems = std::move(gathered);
}

}  // namespace

std::vector<Diagnostic> shape_problems(const TrainingInterface& interface, const Split& split,
                                       const Join& join) {
  const Context context{interface, split, gives_samples(join, split.dataset->schema())};
  std::vector<Diagnostic> problems;
  const auto unbatched = without_batch_axis(context, join);
  if (!unbatched.empty()) problems.push_back(no_batch_axis(context, unbatched));
  std::vector<const Wanted*> wrong;
  for (const ShapeFit fit :
       {ShapeFit::kChannelsFirst, ShapeFit::kChannelsLast, ShapeFit::kRank, ShapeFit::kAxis}) {
    for (const Wanted* wish : with_fit(context, join, fit)) wrong.push_back(wish);
  }
  add_swapped(problems, context, wrong);
  for (const Wanted* wish : wrong) {
    const ShapeFit fit = fit_of(wish->spec, context.spec(*wish));
    if (wish->role == Role::kTarget) {
      problems.push_back(target_problem(interface, split, *wish, context.spec(*wish)));
    } else if (fit == ShapeFit::kChannelsFirst || fit == ShapeFit::kChannelsLast) {
      problems.push_back(other_layout(context, *wish, fit));
    } else {
      problems.push_back(wrong_shape(context, *wish, fit));
    }
  }
  gather_one_cause(problems);
  add_batch_sizes(problems, context, join);
  for (Diagnostic& problem : grid_problems(interface, split))
    problems.push_back(std::move(problem));
  for (Diagnostic& problem : dtype_problems(interface, split, join))
    problems.push_back(std::move(problem));
  return problems;
}

}  // namespace tenon::contract
