#pragma once

#include <string>

#include "experiment.hpp"

namespace tenon::mutation {

/// Draws the folders of images that experiments share: each is `folder`/NAME with train_00 …,
/// validation_00 … and test_00 … in it, so that no two splits read one file.
void draw_pools(const std::string& folder);

/// How many images a pool has for each split.
constexpr int kPoolImages = 10;

/// Facts of a pool that an experiment may read.
struct Pool {
  std::string name;
  std::string ending;
  int channels = 3;
  bool wide = false;  ///< 16 bits.
};
const std::vector<Pool>& pools();
/// The pool of a folder per split with sub-folders, a class each, and their names in order.
/// Volumes, and label maps on the same grids under the same names.
constexpr const char* kVolumePool = "volumes";
constexpr const char* kMaskPool = "volume_masks";
constexpr const char* kClassPool = "classes";
const std::vector<std::string>& pool_classes();

/// The file of a split, or one of several.
std::string file_name(const Experiment& experiment, const std::string& stem,
                      const std::string& split, int shard);
/// Names the data of the experiment by what is in them: equal columns have equal names.
std::string data_stem(const Experiment& experiment);
/// Writes the tables or arrays of all splits into `folder`, unless they are there.
void write_data(const Experiment& experiment, const std::string& folder);

}  // namespace tenon::mutation
