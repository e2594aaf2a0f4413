#include "compose.hpp"

#include <algorithm>

#include "composer.hpp"
#include "names.hpp"

namespace tenon::mutation {
namespace {

constexpr const char* kOneOver255 = "0.00392156862745098";

std::vector<std::string> sorted_keys(const Experiment& experiment) {
  std::vector<std::string> keys;
  for (const auto& entry : experiment.keys) keys.push_back(entry.first);
  return keys;
}

}  // namespace

std::string Composer::fresh(const std::vector<std::string>& from) {
  for (int tries = 0; tries < 60; ++tries) {
    const std::string& name = draw_.pick(from);
    if (std::find(used_.begin(), used_.end(), name) != used_.end()) continue;
    used_.push_back(name);
    return name;
  }
  std::string name = from.front() + "_" + std::to_string(used_.size());
  used_.push_back(name);
  return name;
}

void Composer::now_or_late(std::function<void()> stage) {
  if (draw_.chance(20)) {
    late_.push_back(std::move(stage));
  } else {
    stage();
  }
}

/// The model's name for what stands under `key`: by a rename, by a copy, or the key itself.
void Composer::add_input(const std::string& key, bool rescales) {
  std::string name = key;
  const bool renamed = draw_.chance(25);
  if (renamed) name = fresh(input_names());
  experiment_.inputs.push_back({name, pipeline_.at(key).dims, rescales});
  if (!renamed) return;
  const auto rename = [this, key, name] { pipeline_.rename({{key, name}}); };
  // What comes behind batch still calls the key by its old name.
  if (!late_.empty()) {
    late_.emplace_back(rename);
  } else if (draw_.chance(70)) {
    now_or_late(rename);
  } else {
    pipeline_.copy(key, name);
  }
}

void Composer::add_output(OutputForm form, const std::string& key, std::int64_t units) {
  OutputPlan output;
  output.name = key;
  output.form = form;
  output.units = units;
  if (form == OutputForm::kMask) output.dims = pipeline_.at(key).dims;
  experiment_.outputs.push_back(std::move(output));
}

/// float32 numbers out of an image of `dtype`.
void Composer::bring_to_scale(const std::string& key, std::int64_t channels) {
  const int way = draw_.below(4);
  if (way == 0) {
    pipeline_.normalize(key, channels);
  } else if (way == 1) {
    pipeline_.normalize(key, 1);
  } else {
    now_or_late([this, key] { pipeline_.scale({key}, kOneOver255); });
  }
}

void Composer::add_image_column() {
  const Pool& pool = draw_.pick(pools());
  experiment_.pool = std::string("pools/") + pool.name;
  file_key_ = draw_.chance(50) ? "filename" : "file name";
  used_.push_back(file_key_);
  pipeline_.column({file_key_, Fill::kFiles, DType::kString, {}, 0, 0, {}});
  wide_ = pool.wide;
  channels_ = draw_.chance(80) ? pool.channels : (pool.channels == 3 ? 1 : 3);
}

void Composer::add_boxes() {
  box_ = {"xmin", "ymin", "xmax", "ymax"};
  if (draw_.chance(25)) box_ = {"left", "top", "right", "bottom"};
  for (std::size_t i = 0; i < box_.size(); ++i) {
    used_.push_back(box_[i]);
    pipeline_.column(
        {box_[i], Fill::kIntegers, DType::kInt64, {}, i < 2 ? 8 : 18, i < 2 ? 0 : 10, {}});
  }
}

/// The image of the file as inputs of the model, each cut or sized in its own way.
void Composer::add_image_inputs(const std::string& root, int count) {
  std::string image = count > 1 || draw_.chance(40) ? "whole image" : fresh(input_names());
  const bool has_boxes = !box_[0].empty();
  DType dtype = DType::kUInt8;
  if (wide_) dtype = draw_.chance(60) ? DType::kUInt16 : DType::kFloat32;
  if (!wide_ && draw_.chance(15)) dtype = DType::kFloat32;
  pipeline_.load_image(file_key_, image, root, channels_, dtype);
  std::vector<std::int64_t> heights = {8, 10, 12, 16};
  const bool shared = count == 1 && image != "whole image";
  for (int i = 0; i < count; ++i) {
    const std::int64_t height = heights[static_cast<std::size_t>((draw_.below(2) + 2 * i) % 4)];
    const std::int64_t width = draw_.chance(60) ? height : height + 4;
    std::string to = shared ? image : fresh(input_names());
    const int way = has_boxes ? draw_.below(4) : 3 + draw_.below(2);
    if (way == 0) {
      pipeline_.crop_box(image, to, box_, height, width);
    } else if (way <= 2) {
      pipeline_.crop_around(image, to, box_, height, width, way == 1 ? 2 * height : 0);
    } else {
      if (to != image) pipeline_.copy(image, to);
      way == 3 ? pipeline_.resize(to, height, width) : pipeline_.pad(to, 28, 28);
    }
    finish_image(to);
  }
}

void Composer::finish_image(const std::string& key) {
  if (draw_.chance(35)) {
    const std::vector<std::string> axes = {"height", "width"};
    pipeline_.plain(
        "random_flip",
        {{"keys", texts({key})},
         {"axes", texts(draw_.chance(50) ? axes : std::vector<std::string>{"width"})}},
        draw_.chance(60) ? std::vector<std::string>{"train"} : std::vector<std::string>{});
  }
  const DType dtype = pipeline_.at(key).dtype;
  const bool rescales = dtype == DType::kUInt8 && draw_.chance(25);
  if (!rescales) {
    if (dtype == DType::kUInt8 && draw_.chance(15)) pipeline_.cast(key, DType::kFloat32);
    bring_to_scale(key, pipeline_.at(key).dims[2]);
  }
  add_input(key, rescales);
}

/// Class ids or one-hot vectors out of a column of words.
void Composer::add_class_target() {
  const int classes = draw_.between(3, 6);
  std::vector<std::string> words(class_words().begin(), class_words().begin() + classes);
  std::string target = fresh(output_names());
  const bool in_place = draw_.chance(25);
  const std::string column = in_place ? target : fresh({"class_name", "label", "species", "kind"});
  pipeline_.column({column, Fill::kWords, DType::kString, {}, 0, 0, words});
  pipeline_.encode(column, target, words);
  const bool one_hot = draw_.chance(35);
  if (one_hot) now_or_late([this, target, classes] { pipeline_.one_hot(target, classes); });
  add_output(one_hot ? OutputForm::kOneHot : OutputForm::kClassIds, target, classes);
}

void Composer::add_number_target() {
  const std::string target = fresh(output_names());
  if (draw_.chance(40)) {
    pipeline_.column({target, Fill::kIntegers, DType::kInt64, {}, 2, 0, {}});
    add_output(OutputForm::kBinary, target, 1);
  } else {
    pipeline_.column({target, Fill::kFloats, DType::kFloat32, {}, 100, 0, {}});
    add_output(OutputForm::kNumber, target, 1);
  }
}

/// A number of a table as an input of the model.
void Composer::add_number_input() {
  const bool whole = draw_.chance(50);
  const std::string name = fresh(draw_.chance(50) ? input_names() : column_names());
  pipeline_.column({name,
                    whole ? Fill::kIntegers : Fill::kFloats,
                    whole ? DType::kInt64 : DType::kFloat32,
                    {},
                    9,
                    1,
                    {}});
  if (whole) {
    const int way = draw_.below(3);
    if (way == 0) pipeline_.cast(name, DType::kFloat32);
    if (way == 1) pipeline_.scale({name}, "0.02");
    if (way == 2) now_or_late([this, name] { pipeline_.normalize(name, 1); });
  }
  add_input(name, false);
}

void Composer::add_stray_columns(int count) {
  for (int i = 0; i < count; ++i) {
    const bool words = experiment_.source_kind == "csv" && draw_.chance(40);
    pipeline_.column({fresh(column_names()),
                      words ? Fill::kWords : Fill::kFloats,
                      words ? DType::kString : DType::kFloat32,
                      {},
                      10,
                      0,
                      class_words()});
  }
}

/// Nothing may be left that nobody uses.
void Composer::tidy() {
  std::vector<std::string> wanted;
  for (const InputPlan& input : experiment_.inputs) wanted.push_back(input.name);
  for (const OutputPlan& output : experiment_.outputs) wanted.push_back(output.name);
  for (const std::string& weight : weights_) wanted.push_back(weight);
  std::vector<std::string> unused;
  for (const std::string& key : sorted_keys(experiment_)) {
    if (std::find(wanted.begin(), wanted.end(), key) == wanted.end()) unused.push_back(key);
  }
  if (unused.empty() && draw_.chance(70)) return;
  if (unused.empty() || draw_.chance(50)) {
    pipeline_.select(wanted);
  } else if (draw_.chance(15) && !experiment_.keys.contains("whole image")) {
    experiment_.fit_values.emplace_back("ignore_keys", to_toml(texts(unused)));
  } else if (unused.size() > 1 && draw_.chance(40)) {
    pipeline_.drop({unused.front()});
    unused.erase(unused.begin());
    pipeline_.drop(unused);
  } else {
    pipeline_.drop(unused);
  }
}

void Composer::finish() {
  const bool early = draw_.chance(75) && late_.empty();
  if (early) tidy();
  // Images of many sizes cannot be put into a batch.
  if (!early && experiment_.keys.contains("whole image")) pipeline_.drop({"whole image"});
  add_stream();
  for (const auto& stage : late_) stage();
  if (!early) tidy();
  if (draw_.chance(60)) pipeline_.plain("prefetch", {{"batches", raw("2")}});
  add_fit();
}

/// Volumes and files of serialized samples: kinds that came later, so that the others stay as they
/// are.
void compose_of_later_kinds(int index, Composer& composer) {
  switch (index % 5) {
    case 0:
    case 1:
      composer.compose_volume_table();
      break;
    case 2:
      composer.compose_records();
      break;
    case 3:
      composer.compose_tar_files();
      break;
    default:
      composer.compose_several_tables();
      break;
  }
}

Experiment compose(int index) {
  Experiment experiment;
  Draw draw(0x7E40'0000ULL + static_cast<std::uint64_t>(index));
  experiment.name = "experiment_" + std::to_string(index);
  experiment.seed = draw.next() % 100000;
  experiment.model_seed = draw.next();
  experiment.layout = static_cast<Layout>(draw.below(4));
  Composer composer(experiment, draw);
  if (index >= kPlainExperiments) {
    compose_of_later_kinds(index, composer);
    composer.finish();
    return experiment;
  }
  switch (index % 5) {
    case 0:
    case 1:
      composer.compose_image_table();
      break;
    case 2:
      composer.compose_arrays();
      break;
    case 3:
      composer.compose_number_table();
      break;
    default:
      composer.compose_folder();
      break;
  }
  composer.finish();
  return experiment;
}

}  // namespace tenon::mutation
