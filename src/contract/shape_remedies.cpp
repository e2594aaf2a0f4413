// What may mend shapes, layouts, dtypes and scales (S…, D…).
#include <algorithm>
#include <numeric>

#include "contract/change_makers.hpp"
#include "contract/lineage_facts.hpp"
#include "contract/remedies.hpp"
#include "contract/shape_rules.hpp"

namespace tenon::contract {
namespace {

constexpr std::int64_t kBatchSize = 32;
constexpr double kByteScale = 1.0 / 255.0;

/// A key with its data's name, and both of its specs, with the batch axis.
struct Subject {
  std::string key;
  TensorSpec wanted;
  TensorSpec actual;
};

/// The subjects of a problem: KeyReports speak of ports, changes speak of the data's keys.
std::vector<Subject> subjects_of(const Diagnostic& problem, const RemedyContext& context) {
  const Schema& schema = context.split.dataset->schema();
  const Join joined = join(context.interface, schema);
  const bool samples = gives_samples(joined, schema);
  std::vector<Subject> subjects;
  for (const KeyReport& key : problem.keys) {
    for (const Wanted& wish : joined.wanted) {
      if (wish.slot && wish.port == key.key && wish.role == key.role)
        subjects.push_back(
            {schema[*wish.slot].key, wish.spec, as_batch(wish, schema[*wish.slot], samples)});
    }
  }
  return subjects;
}

std::vector<std::string> keys_of(const std::vector<Subject>& subjects) {
  std::vector<std::string> keys;
  keys.reserve(subjects.size());
  for (const Subject& subject : subjects) keys.push_back(subject.key);
  return keys;
}

std::optional<ArgumentValue> spatial_size(const TensorSpec& wanted) {
  if (wanted.rank() != 4 || !wanted.shape[1].known() || !wanted.shape[2].known())
    return std::nullopt;
  return integer_list({wanted.shape[1].size(), wanted.shape[2].size()});
}

/// S001: batched like the others, or once where it was not at all.
std::vector<Change> without_batch(const RemedyContext& context) {
  // Smaller ones where so many steps are asked for that there must be more batches.
  std::vector<Change> changes;
  for (const std::int64_t size : {kBatchSize, kBatchSize / 4, kBatchSize / 16, std::int64_t{1}}) {
    changes.push_back(
        insert_stage(place_at_end(*context.split.dataset), "batch", {{"size", {size, 0}}}));
  }
  return changes;
}

/// S002: the stage that set the axis sets it right; or it goes; or the size is mended behind it.
std::vector<Change> other_size(const Diagnostic& problem, const Subject& subject,
                               const std::vector<std::string>& keys, const RemedyContext& context) {
  std::vector<Change> changes;
  const Dataset& dataset = *context.split.dataset;
  const auto axis = differing_axis(subject.wanted, subject.actual);
  const auto size = spatial_size(subject.wanted);
  const bool spatial = axis && (*axis == 1 || *axis == 2) && size;
  const auto last = static_cast<std::size_t>(std::max(subject.wanted.rank() - 1, 0));
  const bool is_last = axis && static_cast<std::size_t>(*axis) == last;
  if (problem.stage && problem.stage->index >= 0) {
    const StageReference& setter = *problem.stage;
    const std::string& op = setter.name;
    const bool sizes = op == "resize" || op == "pad" || op == "crop_box" || op == "crop_around";
    if (spatial && sizes) changes.push_back(set_argument(setter, "size", *size));
    if (is_last && subject.wanted.shape[last].known()) {
      const std::int64_t channels = subject.wanted.shape[last].size();
      if (op == "load_image") changes.push_back(set_argument(setter, "channels", {channels, 0}));
      if (op == "one_hot") changes.push_back(set_argument(setter, "depth", {channels, 0}));
    }
    if (op == "transpose" || op == "pad" || op == "one_hot" || op == "resize" || op == "batch")
      changes.push_back(remove_stage(setter));
  }
  if (is_last && subject.wanted.rank() == 4 && subject.wanted.shape[last].known()) {
    const auto maker = how_it_was_made(dataset.lineage(), subject.key);
    for (const LineageEvent& event : dataset.lineage().events) {
      const bool loads = event.stage.name == "load_image" && maker &&
                         (event.key == subject.key || event.key == maker->previous);
      if (loads) {
        changes.push_back(
            set_argument(event.stage, "channels", {subject.wanted.shape[last].size(), 0}));
      }
    }
  }
  if (spatial) {
    changes.push_back(insert_stage(place_before_batch(dataset), "resize",
                                   {{"keys", text_list(keys)}, {"size", *size}}));
  }
  return changes;
}

/// A rank that is too high by one: one of two batch stages, or a one_hot, is too many.
void add_rank_removals(std::vector<Change>& changes, const Subject& subject,
                       const RemedyContext& context) {
  if (!subject.actual.rank_known || subject.actual.rank() == subject.wanted.rank()) return;
  const auto stages = stages_of(*context.split.dataset);
  for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) {
    if (stage->name == "batch" || stage->name == "one_hot") changes.push_back(remove_stage(*stage));
  }
}

/// S003: the rename that crossed them goes, or they are crossed back.
std::vector<Change> swapped_back(const std::vector<Subject>& subjects,
                                 const RemedyContext& context) {
  if (subjects.size() != 2) return {};
  const Dataset& dataset = *context.split.dataset;
  std::vector<Change> changes;
  const std::string& a = subjects[0].key;
  const std::string& b = subjects[1].key;
  const auto named_a = how_it_was_named(dataset.lineage(), a);
  const auto named_b = how_it_was_named(dataset.lineage(), b);
  const bool one_rename = named_a && named_b && named_a->stage.index == named_b->stage.index &&
                          named_a->action == LineageAction::kRenamed && named_a->previous == b &&
                          named_b->previous == a;
  if (one_rename) changes.push_back(remove_stage(named_a->stage));
  changes.push_back(insert_rename(place_at_end(dataset), {{a, b}, {b, a}}));
  return changes;
}

/// S004: the transpose stage that did it goes, or one is put in.
std::vector<Change> transposed(const Diagnostic& problem, const Subject& subject,
                               const RemedyContext& context) {
  std::vector<Change> changes;
  if (problem.stage && problem.stage->name == "transpose") {
    changes.push_back(remove_stage(*problem.stage));
    Change only_this;
    only_this.kind = Change::Kind::kRemoveItems;
    only_this.stage = problem.stage->index;
    only_this.op = "transpose";
    only_this.argument = "keys";
    only_this.items = {subject.key};
    changes.push_back(std::move(only_this));
  }
  const int rank = subject.wanted.rank() - 1;
  const bool first = fit_of(subject.wanted, subject.actual) == ShapeFit::kChannelsFirst;
  std::vector<std::int64_t> axes(static_cast<std::size_t>(rank));
  std::iota(axes.begin(), axes.end(), 0);
  if (first) {
    std::rotate(axes.begin(), axes.begin() + 1, axes.end());
  } else {
    std::rotate(axes.begin(), axes.end() - 1, axes.end());
  }
  changes.push_back(
      insert_stage(place_before_batch(*context.split.dataset), "transpose",
                   {{"keys", text_list({subject.key})}, {"permutation", integer_list(axes)}}));
  return changes;
}

/// S006: resized to what the model wants, or padded to the largest of a batch.
std::vector<Change> one_size(const Diagnostic& problem, const RemedyContext& context) {
  std::vector<Change> changes;
  const Dataset& dataset = *context.split.dataset;
  for (const Port& input : context.interface.inputs) {
    const auto size = spatial_size(input.spec);
    const bool about = std::any_of(problem.keys.begin(), problem.keys.end(),
                                   [&](const KeyReport& key) { return key.key == input.name; });
    if (!about || !size) continue;
    changes.push_back(insert_stage(place_before_batch(dataset), "resize",
                                   {{"keys", text_list({input.name})}, {"size", *size}}));
  }
  for (const StageReference& stage : stages_of(dataset)) {
    if (stage.name == "batch") changes.push_back(set_argument(stage, "padded", {true, 0}));
  }
  return changes;
}

/// D001: the cast that loses goes, or casts to what is wanted; or one is put in.
std::vector<Change> other_dtype(const Diagnostic& problem, const Subject& subject,
                                const RemedyContext& context) {
  std::vector<Change> changes;
  const Dataset& dataset = *context.split.dataset;
  const std::string wanted(name_of(subject.wanted.dtype));
  for (const LineageEvent& event : dataset.lineage().of(subject.key)) {
    if (event.stage.name != "cast" || !event.before || !event.after ||
        event.before->dtype == event.after->dtype)
      continue;
    changes.push_back(set_argument(event.stage, "dtype", {wanted, 0}));
    changes.push_back(remove_stage(event.stage));
  }
  if (problem.stage && problem.stage->name == "load_image")
    changes.push_back(set_argument(*problem.stage, "dtype", {wanted, 0}));
  if (subject.actual.dtype != DType::kString) {
    changes.push_back(insert_stage(place_at_end(dataset), "cast",
                                   {{"keys", text_list({subject.key})}, {"dtype", {wanted, 0}}}));
  }
  return changes;
}

/// S007: the other form of targets, or the loss that takes this one.
std::vector<Change> other_target(const Diagnostic& problem, const Subject& subject,
                                 const RemedyContext& context) {
  std::vector<Change> changes;
  const Dataset& dataset = *context.split.dataset;
  const std::string& output = problem.keys.front().key;
  const auto set_loss = [&](const char* loss) {
    changes.push_back(set_setting({"fit", "loss", output}, {std::string(loss), 0}));
  };
  for (const TrainedOutput& each : context.interface.outputs) {
    if (each.output.name != output || each.output.spec.shape.empty()) continue;
    const Dim classes = each.output.spec.shape.back();
    const auto setter = who_set_axis(dataset.lineage(), subject.key, 1);
    if (setter && setter->stage.name == "one_hot" && classes.known())
      changes.push_back(set_argument(setter->stage, "depth", {classes.size(), 0}));
    if (each.target_form != TargetForm::kClassIds) set_loss("sparse_categorical_crossentropy");
    if (each.target_form != TargetForm::kOneHot) set_loss("categorical_crossentropy");
    if (each.loss != "binary_crossentropy") set_loss("binary_crossentropy");
    if (classes.known() && each.target_form != TargetForm::kClassIds) {
      changes.push_back(
          insert_stage(place_before_batch(dataset), "one_hot",
                       {{"keys", text_list({subject.key})}, {"depth", {classes.size(), 0}}}));
    }
  }
  return changes;
}

}  // namespace

std::vector<Change> shape_remedies(const Diagnostic& problem, const RemedyContext& context) {
  const std::vector<Subject> subjects = subjects_of(problem, context);
  const std::string& code = problem.code;
  if (code == "S006") return one_size(problem, context);
  if (code == "S008" && problem.stage && problem.stage->index >= 0)
    return {remove_stage(*problem.stage)};
  if (subjects.empty() || problem.keys.empty()) return {};
  if (code == "S001") return without_batch(context);
  if (code == "S003") return swapped_back(subjects, context);
  if (code == "S004") return transposed(problem, subjects.front(), context);
  if (code == "D001") return other_dtype(problem, subjects.front(), context);
  if (code == "D003") {
    return {insert_stage(place_before_batch(*context.split.dataset), "scale",
                         {{"keys", text_list(keys_of(subjects))}, {"factor", {kByteScale, 0}}})};
  }
  if (code != "S002" && code != "S007") return {};
  std::vector<Change> changes =
      code == "S002" ? other_size(problem, subjects.front(), keys_of(subjects), context)
                     : std::vector<Change>();
  add_rank_removals(changes, subjects.front(), context);
  if (code == "S007") {
    for (Change& change : other_target(problem, subjects.front(), context))
      changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace tenon::contract
