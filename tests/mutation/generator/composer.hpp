#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "data_files.hpp"
#include "draw.hpp"
#include "pipeline.hpp"

namespace tenon::mutation {

/// Puts one valid experiment together: a source, ways from its columns to inputs and targets, and
/// what stands around them.
class Composer {
 public:
  Composer(Experiment& experiment, Draw& draw)
      : experiment_(experiment), draw_(draw), pipeline_(experiment, draw) {}

  /// A CSV that names image files, with boxes, classes and numbers.
  void compose_image_table();
  /// A CSV of numbers.
  void compose_number_table();
  /// Arrays of an .npz.
  void compose_arrays();
  /// A folder of classes.
  void compose_folder();
  /// A CSV that names volumes.
  void compose_volume_table();
  /// Several CSV files side by side.
  void compose_several_tables();
  /// TFRecord files.
  void compose_records();
  void compose_tar_files();
  /// Batching, what is left over, and [fit].
  void finish();

 private:
  std::string fresh(const std::vector<std::string>& from);
  void now_or_late(std::function<void()> stage);
  void add_input(const std::string& key, bool rescales);
  void add_output(OutputForm form, const std::string& key, std::int64_t units);
  void bring_to_scale(const std::string& key, std::int64_t channels);
  void add_image_column();
  void add_boxes();
  void add_image_inputs(const std::string& root, int count);
  void finish_image(const std::string& key);
  void add_class_target();
  void add_number_target();
  void add_number_input();
  void add_stray_columns(int count);
  void add_sample_weight(bool in_table);
  void add_array_image();
  void add_array_vector();
  void add_array_target();
  void place_volumes(const std::vector<std::string>& grid);
  std::vector<std::string> cut_volumes(const std::vector<std::string>& grid);
  std::string two_channels(const std::string& scan);
  void add_random_stages(const std::string& key, bool of_volume);
  void finish_volume(const std::string& key);
  void add_interleave();
  void tidy();
  void add_stream();
  void add_splits(int least, int most);
  void add_fit();
  void add_loss_of(const OutputPlan& output, FitMap& loss, FitMap& metrics, FitMap& class_weight);
  void add_callbacks();

  Experiment& experiment_;
  Draw& draw_;
  Pipeline pipeline_;
  std::vector<std::string> used_;
  std::vector<std::string> weights_;
  std::vector<std::function<void()>> late_;  ///< Stages that stand behind batch.
  std::string file_key_;
  std::array<std::string, 4> box_;
  bool wide_ = false;
  int channels_ = 3;
  std::vector<std::string> monitors_;  ///< What the logs will hold.
};

}  // namespace tenon::mutation
