#pragma once

#include "data/registry.hpp"

namespace tenon::data {

// One word of the experiment file each, defined in the file of its stage.
StageEntry batch_entry();
StageEntry cache_entry();
StageEntry cast_entry();
StageEntry copy_entry();
StageEntry crop_around_entry();
StageEntry crop_box_entry();
StageEntry crop_center_entry();
StageEntry crop_foreground_entry();
StageEntry drop_entry();
StageEntry encode_entry();
StageEntry equalize_histogram_entry();
StageEntry filter_entry();
StageEntry interleave_entry();
StageEntry merge_channels_entry();
StageEntry mixup_entry();
StageEntry multi_scale_patches_entry();
StageEntry normalize_entry();
StageEntry one_hot_entry();
StageEntry orientation_entry();
StageEntry pad_entry();
StageEntry pad_to_multiple_entry();
StageEntry prefetch_entry();
StageEntry random_affine_entry();
StageEntry random_blur_entry();
StageEntry random_brightness_entry();
StageEntry random_contrast_entry();
StageEntry random_crop_entry();
StageEntry random_crop_by_label_entry();
StageEntry random_cutout_entry();
StageEntry random_elastic_entry();
StageEntry random_flip_entry();
StageEntry random_gamma_entry();
StageEntry random_low_resolution_entry();
StageEntry random_noise_entry();
StageEntry random_rotate_90_entry();
StageEntry rename_entry();
StageEntry repeat_entry();
StageEntry resize_entry();
StageEntry scale_entry();
StageEntry select_entry();
StageEntry shard_entry();
StageEntry shuffle_entry();
StageEntry skip_entry();
StageEntry spacing_entry();
StageEntry split_channels_entry();
StageEntry take_entry();
StageEntry transpose_entry();
StageEntry window_entry();
StageEntry z_score_entry();

}  // namespace tenon::data
