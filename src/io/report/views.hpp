#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tenon/tensor.hpp"

namespace tenon::report {

/// What is drawn of a value of a sample, each with its words: images that is_image() knows.
/// (height, width) is grey; of a volume (depth, height, width, channels) there are the middle
/// slices along its three axes, in the proportions of its spacing, the head above and the patient's
/// right on the left where its geometry says which sides those are. Whole numbers of few values
/// (label maps) are spread from black to white; more channels than an image has are taken for
/// classes where they are shares, else the first one is drawn. Empty for other values.
std::vector<std::pair<std::string, Tensor>> views_of(const std::string& key, const Tensor& value);

}  // namespace tenon::report
