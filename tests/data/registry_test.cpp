// One walk over all stages, so that none escapes: declared schema, threads, state, lineage.
#include "data/registry.hpp"

#include <functional>
#include <map>
#include <set>

#include "data/arguments.hpp"
#include "data/pipeline.hpp"
#include "data/sources/joined.hpp"
#include "data/support.hpp"

namespace tenon::data {
namespace {

using data_test::collect;
using data_test::expect_as_declared;
using data_test::expect_equal;
using ::testing::HasSubstr;
using List = ArgumentValue::List;
using Map = ArgumentValue::Map;

ArgumentValue value(std::int64_t integer) { return {integer, 0}; }
ArgumentValue value(double number) { return {number, 0}; }
ArgumentValue value(bool boolean) { return {boolean, 0}; }
ArgumentValue value(const char* text) { return {std::string(text), 0}; }
template <class T>
ArgumentValue list(std::initializer_list<T> entries) {
  List values;
  for (const T& entry : entries) values.push_back(value(entry));
  return {std::move(values), 0};
}
ArgumentValue texts(std::initializer_list<const char*> entries) { return list(entries); }
ArgumentValue integers(std::initializer_list<std::int64_t> entries) { return list(entries); }

/// 24 samples with an image of unknown size, a second one of known size, a box, a text and numbers.
Dataset samples() {
  const auto schema = std::make_shared<const Schema>(
      Schema{{"image", TensorSpec(DType::kUInt8, {Dim(), Dim(), 3}, "HWC")},
             {"small", TensorSpec(DType::kUInt8, {6, 8, 3}, "HWC")},
             {"xmin", TensorSpec(DType::kInt64, {})},
             {"ymin", TensorSpec(DType::kInt64, {})},
             {"xmax", TensorSpec(DType::kInt64, {})},
             {"ymax", TensorSpec(DType::kInt64, {})},
             {"type", TensorSpec(DType::kString, {})},
             {"class", TensorSpec(DType::kInt64, {})},
             {"weight", TensorSpec(DType::kFloat32, {})},
             {"scan", TensorSpec(DType::kFloat32, {4, 6, 5, 1}, "DHWC")},
             {"mask", TensorSpec(DType::kUInt8, {4, 6, 5, 1}, "DHWC")}});
  return Dataset::from_function(*schema, 24, [schema](std::int64_t i) {
    const auto noise = [i](const Shape& shape) {
      return random_integers(shape, static_cast<std::uint64_t>(i), 0, 256).cast(DType::kUInt8);
    };
    Tensor scan = noise({4, 6, 5, 1}).cast(DType::kFloat32);
    Tensor mask =
        random_integers({4, 6, 5, 1}, static_cast<std::uint64_t>(i) + 7, 0, 2).cast(DType::kUInt8);
    Geometry geometry;
    geometry.spacing = {3.0, 1.0, 1.0 + static_cast<double>(i % 3)};
    scan.set_geometry(geometry);
    mask.set_geometry(geometry);
    return Record(schema,
                  {noise({10 + i % 3, 12 + i % 2, 3}), noise({6, 8, 3}), Tensor::scalar(i % 4),
                   Tensor::scalar(i % 3), Tensor::scalar(5 + i % 4), Tensor::scalar(6 + i % 3),
                   Tensor::scalar(std::string(i % 2 == 0 ? "RBC" : "WBC")), Tensor::scalar(i % 5),
                   Tensor::scalar(static_cast<float>(i) / 24.0F), scan, mask},
                  {});
  });
}

struct Case {
  ArgumentMap arguments;
  bool also_batched = false;  ///< The stage works behind batch too.
};

const std::map<std::string, Case>& cases() {
  static const auto box = texts({"xmin", "ymin", "xmax", "ymax"});
  static const std::map<std::string, Case> all = {
      {"batch", {{{"size", value(std::int64_t{5})}, {"padded", value(true)}}}},
      {"cache", {{{"budget", value("1 MB")}}}},
      {"cast", {{{"keys", texts({"image", "class"})}, {"dtype", value("float32")}}, true}},
      {"copy", {{{"from", value("image")}, {"to", value("again")}}, true}},
      {"crop_around",
       {{{"from", value("image")},
         {"to", value("large")},
         {"box", box},
         {"extent", integers({9, 7})},
         {"size", integers({4, 5})}}}},
      {"crop_box", {{{"from", value("image")}, {"to", value("cell")}, {"box", box}}}},
      {"drop", {{{"keys", texts({"weight"})}}, true}},
      {"encode",
       {{{"from", value("type")}, {"to", value("id")}, {"classes", texts({"RBC", "WBC"})}}, true}},
      {"filter", {{{"key", value("type")}, {"in", texts({"WBC"})}}}},
      {"interleave",
       {{{"cycle_length", value(std::int64_t{2})}, {"block_length", value(std::int64_t{3})}}}},
      {"normalize",
       {{{"keys", texts({"small"})}, {"mean", list({1.0, 2.0, 3.0})}, {"std", value(2.0)}}, true}},
      {"one_hot", {{{"keys", texts({"class"})}, {"depth", value(std::int64_t{5})}}, true}},
      {"pad",
       {{{"keys", texts({"small"})}, {"size", integers({14, 14})}, {"value", value(3.0)}}, true}},
      {"prefetch", {{{"batches", value(std::int64_t{2})}}, true}},
      {"random_flip", {{{"keys", texts({"small"})}, {"axes", texts({"height", "width"})}}, true}},
      {"rename", {{{"map", {Map{{"image", value("Small")}}, 0}}}, true}},
      {"repeat", {{{"count", value(std::int64_t{2})}}, true}},
      {"resize", {{{"keys", texts({"small"})}, {"size", integers({5, 4})}}, true}},
      {"scale", {{{"keys", texts({"small", "weight"})}, {"factor", value(0.5)}}, true}},
      {"select", {{{"keys", texts({"image", "sample_index"})}}, true}},
      {"shard", {{{"rank", value(std::int64_t{1})}, {"of", value(std::int64_t{2})}}, true}},
      {"shuffle", {{{"buffer", value(std::int64_t{7})}}, true}},
      {"skip", {{{"count", value(std::int64_t{3})}}, true}},
      {"take", {{{"count", value(std::int64_t{3})}}, true}},
      {"transpose", {{{"keys", texts({"small"})}, {"permutation", integers({2, 0, 1})}}, true}},
      {"crop_center", {{{"keys", texts({"scan", "mask"})}, {"size", integers({2, 8, 3})}}}},
      {"crop_foreground", {{{"keys", texts({"scan"})}, {"source", value("mask")}}}},
      {"equalize_histogram", {{{"keys", texts({"image"})}}}},
      {"multi_scale_patches",
       {{{"from", texts({"scan"})},
         {"to", texts({"Small", "Large"})},
         {"size", integers({2, 3, 2})},
         {"factors", integers({1, 2})},
         {"label", value("mask")}}}},
      {"merge_channels", {{{"keys", texts({"scan"})}, {"to", value("both")}}, true}},
      {"mixup", {{{"keys", texts({"scan"})}, {"alpha", value(0.4)}}}},
      {"split_channels", {{{"from", value("small")}, {"to", texts({"r", "g", "b"})}}, true}},
      {"orientation", {{{"keys", texts({"scan", "mask"})}, {"axes", value("RPI")}}}},
      {"pad_to_multiple", {{{"keys", texts({"scan"})}, {"multiple", integers({4, 4, 4})}}}},
      {"random_affine",
       {{{"keys", texts({"scan", "mask"})},
         {"rotate", list({-20.0, 20.0})},
         {"interpolation", texts({"linear", "nearest"})},
         {"probability", value(0.5)}}}},
      {"random_blur", {{{"keys", texts({"scan"})}, {"probability", value(0.5)}}}},
      {"random_brightness", {{{"keys", texts({"scan"})}, {"probability", value(0.5)}}}},
      {"random_contrast", {{{"keys", texts({"scan"})}, {"probability", value(0.5)}}}},
      {"random_crop", {{{"keys", texts({"scan", "mask"})}, {"size", integers({2, 3, 4})}}}},
      {"random_crop_by_label",
       {{{"keys", texts({"scan", "mask"})},
         {"label", value("mask")},
         {"size", integers({2, 3, 4})}}}},
      {"random_cutout", {{{"keys", texts({"scan"})}, {"size", integers({2, 2, 2})}}}},
      {"random_elastic",
       {{{"keys", texts({"scan"})}, {"node_distance", value(3.0)}, {"probability", value(0.5)}}}},
      {"random_gamma", {{{"keys", texts({"scan"})}, {"inverted", value(0.5)}}}},
      {"random_low_resolution", {{{"keys", texts({"scan"})}}}},
      {"random_noise", {{{"keys", texts({"scan"})}, {"probability", value(0.5)}}}},
      {"random_rotate_90", {{{"keys", texts({"scan", "mask"})}}}},
      {"spacing",
       {{{"keys", texts({"scan", "mask"})},
         {"spacing", list({1.5, 1.5, 1.5})},
         {"interpolation", texts({"linear", "nearest"})}}}},
      {"window", {{{"keys", texts({"image"})}, {"range", list({10.0, 200.0})}}}},
      {"z_score", {{{"keys", texts({"scan"})}, {"mask", value("mask")}}}}};
  return all;
}

void expect_resumes(const Dataset& dataset, const std::vector<Record>& all) {
  for (const std::size_t cut : {std::size_t{1}, all.size() / 2}) {
    DatasetIterator first = dataset.iterate({.seed = 11, .threads = 2});
    auto records = collect(first, cut);
    DatasetIterator second = dataset.iterate({.threads = 2});
    second.restore(first.state());
    const auto rest = collect(second);
    records.insert(records.end(), rest.begin(), rest.end());
    expect_equal(all, records);
  }
}

void expect_sound(const Dataset& dataset) {
  ASSERT_TRUE(dataset.diagnostics().empty()) << render_text(dataset.diagnostics());
  const auto one = collect(dataset, {.seed = 11, .threads = 1});
  ASSERT_FALSE(one.empty());
  expect_as_declared(dataset.schema(), one);
  expect_equal(one, collect(dataset, {.seed = 11, .threads = 4}));
  expect_resumes(dataset, one);
  if (dataset.cardinality().exact) {
    EXPECT_EQ(dataset.cardinality().count, static_cast<std::int64_t>(one.size()));
  } else {
    EXPECT_GE(dataset.cardinality().count, static_cast<std::int64_t>(one.size()));
  }
}

/// What a stage is tried on: mixup works on batches alone, interleave behind several files.
Dataset samples_for(const std::string& op) {
  if (op == "interleave") {
    const auto source = samples().pipeline()->source();
    return Dataset::from_source(join_sources({source, source}, {"a", "b"}));
  }
  if (op == "mixup") return samples().select({"scan", "mask", "weight"}).batch(5);
  return samples();
}

class EveryStage : public ::testing::TestWithParam<std::string> {
 protected:
  const StageEntry& entry() const {
    const auto& entries = stage_entries();
    return *std::find_if(entries.begin(), entries.end(),
                         [](const StageEntry& e) { return e.op == GetParam(); });
  }
  Dataset apply(const Dataset& dataset) const {
    return entry().apply(dataset, cases().at(GetParam()).arguments, {"experiment.toml", 9});
  }
};

TEST_P(EveryStage, HasACaseHere) { EXPECT_TRUE(cases().contains(GetParam())); }

TEST_P(EveryStage, DescribesItsArguments) {
  EXPECT_FALSE(entry().help.empty());
  for (const ArgumentDescriptor& argument : entry().arguments) {
    EXPECT_FALSE(argument.help.empty()) << argument.name;
    EXPECT_EQ(argument.required && !argument.default_text.empty(), false) << argument.name;
  }
  EXPECT_TRUE(check_arguments(GetParam(), cases().at(GetParam()).arguments, entry().arguments,
                              "experiment.toml", 9)
                  .empty());
}

TEST_P(EveryStage, GivesWhatItsSchemaSays) { expect_sound(apply(samples_for(GetParam()))); }

TEST_P(EveryStage, IsNamedInStagesAndFingerprint) {
  const Dataset dataset = apply(samples_for(GetParam()));
  const StageReference stage = dataset.stages().back();
  EXPECT_EQ(stage.name, GetParam());
  EXPECT_EQ(stage.location.line, 9);
  const std::string part = dataset.pipeline()->fingerprint().back();
  EXPECT_EQ(part.rfind(GetParam() + "(", 0), 0U) << part;
  EXPECT_GT(part.size(), GetParam().size() + 2) << "its arguments are part of it";
}

TEST_P(EveryStage, TellsInTheLineageWhatItChanges) {
  const Dataset before = samples_for(GetParam());
  const Dataset after = apply(before);
  // These change values where the schema stays.
  const bool of_values =
      GetParam().starts_with("random_") || GetParam() == "z_score" || GetParam() == "mixup";
  const bool keeps = before.schema() == after.schema() && !of_values;
  const bool told =
      std::any_of(after.lineage().events.begin(), after.lineage().events.end(),
                  [](const LineageEvent& event) { return event.stage.name == GetParam(); });
  EXPECT_EQ(told, !keeps);
}

/// Plays the events of the last stage on the keys in front of it.
std::map<std::string, TensorSpec> played(const Dataset& before, const Lineage& lineage) {
  std::map<std::string, TensorSpec> keys;
  for (const Field& field : before.schema()) keys.emplace(field.key, field.spec);
  for (const LineageEvent& event : lineage.events) {
    if (event.stage.name != lineage.stages.back().stage.name && event.key != "sample_index") {
      continue;
    }
    const bool renamed = event.action == LineageAction::kRenamed;
    const std::string& name = renamed ? event.previous : event.key;
    EXPECT_EQ(event.before.has_value(), event.action != LineageAction::kCreated);
    EXPECT_EQ(event.after.has_value(), event.action != LineageAction::kRemoved);
    EXPECT_EQ(keys.contains(name), event.before.has_value()) << name;
    if (event.before) {
      EXPECT_EQ(keys.at(name), *event.before) << name;
    }
    keys.erase(name);
    if (event.after) keys.insert_or_assign(event.key, *event.after);
  }
  return keys;
}

TEST_P(EveryStage, ItsEventsLeadFromTheSchemaBeforeToTheOneBehind) {
  for (const bool batched : {false, true}) {
    if (batched && !cases().at(GetParam()).also_batched) continue;
    const Dataset before =
        batched ? samples_for(GetParam()).batch(5, {.padded = true}) : samples_for(GetParam());
    const Dataset after = apply(before);
    const auto keys = played(before, after.lineage());
    ASSERT_EQ(keys.size(), after.schema().size());
    for (const Field& field : after.schema()) {
      EXPECT_EQ(keys.at(field.key), field.spec) << field.key;
    }
  }
}

TEST_P(EveryStage, UsesOrTouchesEveryKeyThatItsArgumentsName) {
  if (GetParam() == "mixup") GTEST_SKIP() << "skipped: it works behind batch alone";
  const Dataset before = samples_for(GetParam());
  const Dataset after = apply(before);
  const Lineage& lineage = after.lineage();
  std::set<std::string> named;
  for (const LineageUse& use : lineage.uses) {
    EXPECT_EQ(use.stage.location.line, 9);
    EXPECT_TRUE(named.insert(use.key).second) << use.key << " is told twice";
  }
  for (const LineageEvent& event : lineage.events) {
    if (event.stage.index < 0) continue;
    EXPECT_EQ(event.stage.location.line, 9);
    const std::string& name = event.action == LineageAction::kRenamed ? event.previous : event.key;
    EXPECT_TRUE(named.insert(name).second) << name << " is told twice";
  }
  const std::string arguments = after.pipeline()->stages().back().stage->arguments();
  for (const Field& field : before.schema()) {
    if (arguments.find(quote_key(field.key)) == std::string::npos) continue;
    EXPECT_TRUE(named.contains(field.key)) << field.key;
  }
}

TEST_P(EveryStage, BehindBatchWorksOrSaysThatItDoesNot) {
  if (GetParam() == "mixup") GTEST_SKIP() << "skipped: it works behind batch alone";
  const Dataset batches = samples_for(GetParam()).batch(5, {.padded = true});
  const Dataset dataset = apply(batches);
  if (!cases().at(GetParam()).also_batched) {
    ASSERT_FALSE(dataset.diagnostics().empty());
    EXPECT_EQ(dataset.diagnostics()[0].code, "A001");
    EXPECT_EQ(dataset.diagnostics()[0].stage->name, GetParam());
    return;
  }
  expect_sound(dataset);
  for (const Field& field : dataset.schema()) EXPECT_TRUE(field.spec.batched()) << field.key;
}

TEST_P(EveryStage, RefusesArgumentsThatItDoesNotKnow) {
  ArgumentMap arguments = cases().at(GetParam()).arguments;
  const std::string known = arguments.front().first;
  arguments.emplace_back(known + "s_", ArgumentValue{true, 12});
  const auto problems =
      check_arguments(GetParam(), arguments, entry().arguments, "experiment.toml", 9);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].code, "C001");
  EXPECT_EQ(problems[0].candidate, known);
  EXPECT_THAT(problems[0].message, HasSubstr("experiment.toml:12: " + GetParam()));
}

TEST_P(EveryStage, WithoutItsArgumentsNamesAllThatAreMissing) {
  std::size_t required = 0;
  for (const ArgumentDescriptor& argument : entry().arguments)
    required += argument.required ? 1 : 0;
  const auto problems = check_arguments(GetParam(), {}, entry().arguments, "experiment.toml", 9);
  EXPECT_EQ(problems.size(), required);
  for (const Diagnostic& problem : problems) EXPECT_THAT(problem.message, HasSubstr("is missing"));
}

std::vector<std::string> all_ops() {
  std::vector<std::string> ops;
  for (const StageEntry& entry : stage_entries()) ops.emplace_back(entry.op);
  return ops;
}
INSTANTIATE_TEST_SUITE_P(Registry, EveryStage, ::testing::ValuesIn(all_ops()),
                         [](const auto& stage) { return stage.param; });

TEST(Registry, HasEveryWordOfTheExperimentFileOnce) {
  const auto ops = all_ops();
  EXPECT_EQ(ops.size(), cases().size());
  for (const auto& [op, unused] : cases()) {
    EXPECT_EQ(std::count(ops.begin(), ops.end(), op), 1) << op;
  }
}

TEST(Registry, AFunctionInCppIsSoundLikeEveryStage) {
  expect_sound(samples()
                   .map([](Record& record) {
                     record.set("sum", Tensor::scalar(record.at("weight").item<float>() + 1.0F));
                   })
                   .observed());
  expect_sound(samples().filter(
      [](const Record& record) { return record.at("class").item<std::int64_t>() > 1; }));
}

TEST(CheckArguments, TellsWrongTypesWithTheLine) {
  const std::vector<ArgumentDescriptor> known = {
      {"size", ArgumentType::kIntegerList, true, "", "[height, width]"},
      {"value", ArgumentType::kNumber, false, "0.0", "padding"}};
  const ArgumentMap given = {{"size", {std::string("big"), 31}}, {"value", {std::int64_t{3}, 31}}};
  const auto problems = check_arguments("pad", given, known, "e.toml", 30);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].message, "e.toml:31: pad: size = \"big\"");
  EXPECT_EQ(problems[0].notes[0], "expected: a list of whole numbers");
  EXPECT_EQ(problems[0].stage->location.line, 31);
}

TEST(CheckArguments, TellsANumberAsItIsWritten) {
  const std::vector<ArgumentDescriptor> known = {
      {"size", ArgumentType::kInteger, true, "", "samples per batch"}};
  const ArgumentMap given = {{"size", value(32.0)}};
  const auto problems = check_arguments("batch", given, known, "e.toml", 30);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems[0].message, HasSubstr("batch: size = 32.0"));
  const Arguments arguments("batch", given);
  const auto told =
      data_test::thrown_by<ContractError>([&] { static_cast<void>(arguments.integer("size")); });
  EXPECT_THAT(told.what(), HasSubstr("size = 32.0"));
  EXPECT_EQ(written_text(list({0.5, 2.0})), "[0.5, 2.0]");
}

TEST(StageEntry, ValuesOutOfRangeAreA001) {
  const auto apply = [](std::string_view op, ArgumentMap arguments) {
    for (const StageEntry& entry : stage_entries()) {
      if (entry.op == op) static_cast<void>(entry.apply(samples(), arguments, {"e.toml", 4}));
    }
  };
  const auto code = [&](std::string_view op, ArgumentMap arguments) {
    return data_test::thrown_by<ContractError>([&] { apply(op, arguments); }).code();
  };
  EXPECT_EQ(code("batch", {{"size", value(std::int64_t{0})}}), "A001");
  EXPECT_EQ(code("resize", {{"keys", texts({"small"})}, {"size", integers({1, 2, 3, 4})}}), "A001");
  EXPECT_EQ(code("cast", {{"keys", texts({"small"})}, {"dtype", value("flaot32")}}), "A001");
  EXPECT_EQ(code("crop_box", {{"from", value("image")}, {"to", value("x")}, {"box", texts({"a"})}}),
            "A001");
  EXPECT_EQ(code("resize", {{"keys", texts({"small"})},
                            {"size", integers({4, 4})},
                            {"interpolation", value("cubic")}}),
            "A001");
}

}  // namespace
}  // namespace tenon::data
