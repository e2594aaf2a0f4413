// The four kinds of data that experiments are composed of.
#include "composer.hpp"
#include "names.hpp"

namespace tenon::mutation {

void Composer::add_splits(int least, int most) {
  for (const char* name : {"train", "validation", "test"}) {
    SplitPlan split;
    split.name = name;
    split.rows = draw_.between(least, most);
    if (draw_.chance(20)) split.lines = {"on_bad_sample = \"quarantine\"", "max_bad = 0.05"};
    if (split.name == "validation" && draw_.chance(10)) continue;
    experiment_.splits.push_back(std::move(split));
  }
}

void Composer::add_sample_weight(bool in_table) {
  const std::string name = fresh({"weight", "confidence", "sample weight"});
  const bool whole = in_table && draw_.chance(30);
  pipeline_.column({name,
                    whole ? Fill::kIntegers : Fill::kFloats,
                    whole ? DType::kInt64 : DType::kFloat32,
                    {},
                    5,
                    1,
                    {}});
  weights_.push_back(name);
}

void Composer::compose_image_table() {
  experiment_.source_kind = "csv";
  add_splits(20, 40);
  add_image_column();
  if (draw_.chance(75)) add_boxes();
  if (!box_[0].empty() && draw_.chance(40)) {
    std::vector<std::pair<std::string, std::string>> types;
    for (const std::string& corner : box_) types.emplace_back(corner, "int32");
    experiment_.source_arguments.push_back({"types", text_map(types)});
  }
  add_stray_columns(draw_.below(3));
  add_class_target();
  if (draw_.chance(30)) add_number_target();
  if (draw_.chance(25)) add_sample_weight(true);
  // One number of a sample says whether it is kept: a corner of its box, or its class.
  const std::string target = experiment_.outputs.front().name;
  const bool ids = pipeline_.at(target).dims.empty();
  if (draw_.chance(30) && (ids || !box_[0].empty())) {
    const bool by_box = !box_[0].empty();
    pipeline_.plain("filter",
                    {{"key", text(by_box ? box_[2] : target)}, {by_box ? "min" : "max", raw("2")}});
  } else if (draw_.chance(15) && ids) {
    pipeline_.plain("filter", {{"key", text(target)}, {"in", raw("[0, 1, 2]")}});
  }
  add_image_inputs(experiment_.pool, draw_.between(1, 3));
  if (draw_.chance(30)) add_number_input();
}

void Composer::compose_number_table() {
  experiment_.source_kind = "csv";
  add_splits(20, 40);
  for (int i = draw_.between(1, 4); i > 0; --i) add_number_input();
  add_stray_columns(draw_.below(2));
  draw_.chance(50) ? add_class_target() : add_number_target();
  if (draw_.chance(35)) add_number_target();
  if (draw_.chance(25)) add_sample_weight(true);
}

void Composer::compose_folder() {
  experiment_.source_kind = "folder";
  experiment_.pool = std::string("pools/") + kClassPool;
  add_splits(3 * 8, 3 * 8);
  if (draw_.chance(50))
    experiment_.source_arguments.push_back({"classes", texts({"WBC", "RBC", "Platelets"})});
  file_key_ = "filename";
  used_ = {"filename", "label"};
  pipeline_.column({"filename", Fill::kFiles, DType::kString, {}, 0, 0, {}});
  pipeline_.column({"label", Fill::kIntegers, DType::kInt64, {}, 3, 0, {}});
  channels_ = draw_.chance(80) ? 3 : 1;
  add_image_inputs("", draw_.between(1, 2));
  std::string target = "label";
  if (draw_.chance(50)) {
    target = fresh(output_names());
    draw_.chance(60) ? pipeline_.rename({{"label", target}}) : pipeline_.copy("label", target);
  }
  const bool one_hot = draw_.chance(35);
  if (one_hot) pipeline_.one_hot(target, 3);
  add_output(one_hot ? OutputForm::kOneHot : OutputForm::kClassIds, target, 3);
}

void Composer::add_array_image() {
  const std::int64_t height = draw_.between(6, 12);
  const std::int64_t width = draw_.chance(50) ? height : height + 2;
  const std::int64_t channels = draw_.chance(70) ? 3 : 1;
  const bool first = draw_.chance(25);
  const std::string name = fresh(input_names());
  const DType dtype = draw_.chance(60) ? DType::kUInt8 : DType::kFloat32;
  Column column{name, Fill::kIntegers, dtype, {height, width, channels}, 200, 0, {}};
  if (first) column.dims = {channels, height, width};
  pipeline_.column(column);
  if (first) pipeline_.transpose(name, {1, 2, 0});
  if (draw_.chance(30)) pipeline_.resize(name, height - 2, width - 2);
  if (draw_.chance(20)) pipeline_.pad(name, 16, 18);
  finish_image(name);
}

void Composer::add_array_vector() {
  const std::string name = fresh(input_names());
  const std::vector<DType> dtypes = {DType::kFloat32, DType::kFloat32, DType::kInt16,
                                     DType::kFloat64, DType::kInt32};
  Column column{name, Fill::kIntegers, draw_.pick(dtypes), {draw_.between(2, 9)}, 60, 0, {}};
  if (draw_.chance(30)) column.dims = {draw_.between(2, 4), draw_.between(5, 8)};
  const bool turned = column.dims.size() == 2 && draw_.chance(40);
  const bool lossy = column.dtype == DType::kFloat64 || column.dtype == DType::kInt32;
  pipeline_.column(column);
  if (turned) pipeline_.transpose(name, {1, 0});
  if (lossy) {
    draw_.chance(60) ? pipeline_.cast(name, DType::kFloat32) : pipeline_.scale({name}, "0.5");
  }
  add_input(name, false);
}

void Composer::add_array_target() {
  const int way = draw_.below(5);
  const std::string name = fresh(output_names());
  if (way == 0) {
    pipeline_.column({name, Fill::kIntegers, DType::kUInt8, {8, 10, 1}, 2, 0, {}});
    add_output(OutputForm::kMask, name, 1);
  } else if (way == 1) {
    const std::int64_t units = draw_.between(1, 4);
    pipeline_.column({name, Fill::kFloats, DType::kFloat32, {units}, 4, 0, {}});
    add_output(OutputForm::kNumber, name, units);
  } else if (way == 2) {
    std::vector<std::string> words(class_words().begin(), class_words().begin() + 3);
    pipeline_.column({name, Fill::kWords, DType::kString, {}, 0, 0, words});
    pipeline_.encode(name, name, words);
    add_output(OutputForm::kClassIds, name, 3);
  } else {
    const int classes = draw_.between(2, 6);
    const DType dtype = draw_.chance(50) ? DType::kInt64 : DType::kUInt8;
    pipeline_.column({name, Fill::kIntegers, dtype, {}, classes, 0, {}});
    const bool one_hot = way == 3;
    if (one_hot) now_or_late([this, name, classes] { pipeline_.one_hot(name, classes); });
    add_output(one_hot ? OutputForm::kOneHot : OutputForm::kClassIds, name, classes);
  }
}

void Composer::compose_arrays() {
  experiment_.source_kind = "npz";
  add_splits(20, 32);
  for (int i = draw_.below(3); i > 0; --i) add_array_image();
  for (int i = draw_.between(experiment_.inputs.empty() ? 1 : 0, 2); i > 0; --i) add_array_vector();
  for (int i = draw_.between(1, 2); i > 0; --i) add_array_target();
  if (draw_.chance(25)) add_sample_weight(false);
  if (draw_.chance(30)) add_stray_columns(1);
  if (draw_.chance(25)) {
    std::vector<std::string> keys;
    for (const Column& column : experiment_.columns) keys.push_back(column.name);
    experiment_.source_arguments.push_back({"keys", texts(keys)});
  }
}

}  // namespace tenon::mutation
