#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tenon/tensor.hpp"

namespace tenon::mutation {

/// An .npz of these arrays, not compressed. (The library's own writer syncs every file to the disk,
/// which hundreds of small ones make slow.)
std::string npz_text(const std::vector<std::pair<std::string, Tensor>>& arrays);

}  // namespace tenon::mutation
