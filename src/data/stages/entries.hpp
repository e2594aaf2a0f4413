#pragma once

#include "data/registry.hpp"

namespace tenon::data {

// One word of the experiment file each, defined in the file of its stage.
StageEntry batch_entry();
StageEntry cast_entry();
StageEntry copy_entry();
StageEntry crop_around_entry();
StageEntry crop_box_entry();
StageEntry drop_entry();
StageEntry encode_entry();
StageEntry filter_entry();
StageEntry normalize_entry();
StageEntry one_hot_entry();
StageEntry pad_entry();
StageEntry prefetch_entry();
StageEntry random_flip_entry();
StageEntry rename_entry();
StageEntry repeat_entry();
StageEntry resize_entry();
StageEntry scale_entry();
StageEntry select_entry();
StageEntry shuffle_entry();
StageEntry skip_entry();
StageEntry take_entry();
StageEntry transpose_entry();

}  // namespace tenon::data
