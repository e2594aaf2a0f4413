#pragma once

#include <vector>

#include "data/registry.hpp"

namespace tenon::readers {

// The words of the experiment file that read files; the command joins them with those of data.

/// load_image, load_volume, decode_image.
const std::vector<data::StageEntry>& stage_entries();
/// csv, npz, folder, tfrecord, webdataset.
const std::vector<data::SourceEntry>& source_entries();

}  // namespace tenon::readers
