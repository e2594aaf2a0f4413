// Experiments on volumes: files of NIfTI, geometry, patches, and what is drawn at random.
#include <algorithm>

#include "composer.hpp"
#include "names.hpp"

namespace tenon::mutation {
namespace {

constexpr std::int64_t kVolumeClasses = 3;

}  // namespace

void Composer::compose_volume_table() {
  experiment_.source_kind = "csv";
  experiment_.pool = std::string("pools/") + kVolumePool;
  add_splits(14, 20);
  file_key_ = draw_.chance(50) ? "scan file" : "filename";
  used_.push_back(file_key_);
  pipeline_.column({file_key_, Fill::kFiles, DType::kString, {}, 0, 0, {}});
  add_stray_columns(draw_.below(2));
  add_class_target();
  const std::string scan = fresh(input_names());
  pipeline_.load_volume(file_key_, scan, experiment_.pool, DType::kFloat32);
  std::vector<std::string> grid = {scan};
  if (draw_.chance(70)) {
    grid.emplace_back("head mask");
    used_.emplace_back("head mask");
    pipeline_.load_volume(file_key_, "head mask", std::string("pools/") + kMaskPool, DType::kUInt8);
  }
  place_volumes(grid);
  const std::vector<std::string> inputs = cut_volumes(grid);
  for (const std::string& key : inputs) finish_volume(key);
  if (experiment_.outputs.front().form == OutputForm::kOneHot && weights_.empty() &&
      draw_.chance(80)) {
    late_.emplace_back([this] {
      std::vector<std::string> keys;
      for (const InputPlan& input : experiment_.inputs) keys.push_back(input.name);
      keys.push_back(experiment_.outputs.front().name);
      pipeline_.plain("mixup", {{"keys", texts(keys)}, {"alpha", raw("0.3")}}, {"train"});
    });
  }
}

/// Turns, resamples and cuts volumes whose sizes nobody knows before reading.
void Composer::place_volumes(const std::vector<std::string>& grid) {
  if (draw_.chance(40)) {
    pipeline_.plain("orientation",
                    {{"keys", texts(grid)}, {"axes", text(draw_.chance(50) ? "RAS" : "SPL")}});
  }
  if (draw_.chance(40)) {
    std::vector<Argument> arguments = {{"keys", texts(grid)}, {"spacing", raw("[1.5, 1.0, 1.0]")}};
    if (grid.size() > 1) arguments.push_back({"interpolation", raw("[\"linear\", \"nearest\"]")});
    pipeline_.plain("spacing", std::move(arguments));
  }
}

/// The keys that are inputs then, all of known size; the mask is dropped.
std::vector<std::string> Composer::cut_volumes(const std::vector<std::string>& grid) {
  const std::string& scan = grid.front();
  const bool masked = grid.size() > 1;
  const std::vector<std::int64_t> size = {4, 6, 6};
  std::vector<std::string> inputs = {scan};
  const int way = draw_.below(masked ? 5 : 3);
  if (way == 0) {
    if (masked && draw_.chance(50)) {
      pipeline_.plain("crop_foreground",
                      {{"keys", texts(grid)}, {"source", text(grid[1])}, {"margin", raw("1")}});
    }
    pipeline_.cut("crop_center", grid, size);
  } else if (way == 1) {
    pipeline_.cut("random_crop", grid, size);
  } else if (way >= 3) {
    pipeline_.cut("random_crop_by_label", grid, size, {{"label", text(grid[1])}});
  } else {
    inputs = {fresh(input_names()), fresh(input_names())};
    pipeline_.patches(scan, inputs, {4, 4, 4}, masked ? grid[1] : "");
  }
  if (masked) pipeline_.drop({grid[1]});
  if (way == 2) pipeline_.drop({scan});
  if (way != 2 && draw_.chance(35)) pipeline_.pad_to_multiple(scan, {4, 8, 8}, 4);
  if (way != 2 && draw_.chance(30)) inputs = {two_channels(scan)};
  return inputs;
}

/// The volume and a copy of it that looks otherwise, as one with two channels; or both of these by
/// themselves again.
std::string Composer::two_channels(const std::string& scan) {
  const std::string twin = "twin of " + scan;
  const std::string both = fresh(input_names());
  pipeline_.copy(scan, twin);
  pipeline_.plain("random_gamma", {{"keys", texts({twin})}, {"gamma", raw("[0.8, 1.2]")}});
  pipeline_.merge_channels({scan, twin}, both);
  pipeline_.drop({scan, twin});
  if (draw_.chance(50)) return both;
  const std::string first = fresh(input_names());
  pipeline_.split_channels(both, {first, "the other"});
  pipeline_.drop({both, "the other"});
  return first;
}

void Composer::add_random_stages(const std::string& key, bool of_volume) {
  const std::string box = of_volume ? "[2, 2, 2]" : "[3, 3]";
  const std::vector<std::pair<std::string, std::vector<Argument>>> all = {
      {"random_rotate_90", {{"axes", raw("[\"height\", \"width\"]")}}},
      {"random_affine", {{"rotate", raw("[-10.0, 10.0]")}, {"scale", raw("[0.9, 1.1]")}}},
      {"random_elastic", {{"magnitude", raw("[0.0, 1.0]")}, {"node_distance", raw("3.0")}}},
      {"random_noise", {{"std", raw("[0.0, 0.2]")}}},
      {"random_brightness", {{"factor", raw("[0.8, 1.2]")}}},
      {"random_contrast", {{"factor", raw("[0.8, 1.2]")}}},
      {"random_gamma", {{"gamma", raw("[0.8, 1.2]")}}},
      {"random_blur", {{"sigma", raw("[0.2, 0.6]")}}},
      {"random_low_resolution", {{"zoom", raw("[0.6, 1.0]")}}},
      {"random_cutout", {{"size", raw(box)}, {"count", raw("2")}}}};
  const bool train_only = draw_.chance(50);
  for (int i = draw_.between(1, 4); i > 0; --i) {
    auto [op, arguments] = draw_.pick(all);
    arguments.insert(arguments.begin(), {"keys", texts({key})});
    if (draw_.chance(50)) arguments.push_back({"probability", raw("0.5")});
    pipeline_.plain(op, std::move(arguments),
                    train_only ? std::vector<std::string>{"train"} : std::vector<std::string>{});
  }
}

void Composer::finish_volume(const std::string& key) {
  if (draw_.chance(25)) pipeline_.plain("equalize_histogram", {{"keys", texts({key})}});
  if (draw_.chance(80)) add_random_stages(key, true);
  if (draw_.chance(50)) {
    pipeline_.plain("window", {{"keys", texts({key})}, {"range", raw("[0.0, 200.0]")}});
  } else {
    std::vector<Argument> arguments = {{"keys", texts({key})}};
    if (draw_.chance(50)) arguments.push_back({"nonzero", raw("true")});
    pipeline_.plain("z_score", std::move(arguments));
  }
  add_input(key, false);
}

/// Several files of numbers, read side by side.
void Composer::compose_several_tables() {
  experiment_.shards = 3;
  add_interleave();
  compose_number_table();
}

void Composer::add_interleave() {
  if (!draw_.chance(75)) return;
  std::vector<Argument> arguments = {{"cycle_length", raw("2")}};
  if (draw_.chance(50)) arguments.push_back({"block_length", raw("3")});
  if (draw_.chance(30)) arguments.push_back({"shuffle_files", raw("true")});
  pipeline_.plain("interleave", std::move(arguments));
}

/// Serialized samples with an image, a class and perhaps a number.
void Composer::compose_records() {
  experiment_.source_kind = "tfrecord";
  experiment_.shards = 2;
  add_splits(18, 26);
  add_interleave();
  const std::string bytes = fresh({"image bytes", "encoded image", "jpeg"});
  pipeline_.column({bytes, Fill::kImageBytes, DType::kString, {}, 0, 0, {}});
  add_class_target();
  if (draw_.chance(40)) add_number_input();
  if (draw_.chance(25)) add_sample_weight(false);
  const std::string image = draw_.chance(40) ? bytes : fresh(input_names());
  const int channels = draw_.chance(70) ? 3 : 1;
  pipeline_.decode_image(bytes, image, channels);
  const std::int64_t height = draw_.between(8, 14);
  pipeline_.resize(image, height, height + 2 * draw_.below(2));
  finish_image(image);
}

/// Tar files of images and classes.
void Composer::compose_tar_files() {
  experiment_.source_kind = "webdataset";
  experiment_.shards = 2;
  add_splits(18, 26);
  add_interleave();
  used_.emplace_back("__key__");
  pipeline_.column({"__key__", Fill::kNames, DType::kString, {}, 0, 0, {}});
  const std::string image = fresh(input_names());
  pipeline_.column({image, Fill::kImageBytes, DType::kUInt8, {-1, -1, 3}, 0, 0, {}});
  std::vector<std::pair<std::string, std::string>> keys = {{image, "png"}};
  if (draw_.chance(50)) {
    add_class_target();
    keys.emplace_back(experiment_.columns.back().name, "txt");
  } else {
    const std::string target = fresh(output_names());
    pipeline_.column({target, Fill::kIntegers, DType::kInt64, {}, kVolumeClasses, 0, {}});
    add_output(OutputForm::kClassIds, target, kVolumeClasses);
    keys.emplace_back(target, "cls");
  }
  experiment_.source_arguments.push_back({"keys", text_map(keys)});
  const std::int64_t height = draw_.between(8, 14);
  pipeline_.resize(image, height, height + 2 * draw_.below(2));
  if (draw_.chance(50)) {
    pipeline_.cast(image, DType::kFloat32);
    add_random_stages(image, false);
  }
  finish_image(image);
}

}  // namespace tenon::mutation
