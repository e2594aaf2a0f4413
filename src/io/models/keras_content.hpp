#pragma once

#include <string>
#include <utility>
#include <vector>

#include "io/models/weight_tree.hpp"
#include "tenon/model.hpp"

namespace tenon::models {

/// What a .keras file holds of a model, copied when it is made: packing it may then take its time
/// in another thread.
class KerasContent {
 public:
  explicit KerasContent(const Model& model);
  /// The members of the zip file, in Keras's order. `path` is for messages.
  std::vector<std::pair<std::string, std::string>> members(const std::string& path) const;

 private:
  std::string metadata_;
  std::string config_;
  WeightTree weights_;
};

}  // namespace tenon::models
