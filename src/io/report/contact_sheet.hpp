#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tenon/tensor.hpp"

namespace tenon::report {

/// What is shown of one sample: its images by key, and words to put under them.
struct ContactSample {
  std::vector<std::pair<std::string, Tensor>> images;
  std::vector<std::string> words;
};

/// All samples on one picture of about 4 : 3, several side by side, those of one sample together
/// on a panel with their keys below, as uint8 (height, width, 3). Images keep their proportions; a
/// tensor that is no image (is_image) leaves its place empty. Of a great many samples each is drawn
/// smaller.
Tensor contact_sheet(const std::vector<ContactSample>& samples);

}  // namespace tenon::report
