#pragma once

#include <string>
#include <vector>

#include "tenon/dtype.hpp"
#include "tenon/spec.hpp"

namespace tenon::graph {

/// The settings of an InputLayer.
struct InputSettings {
  std::vector<Dim> batch_shape{Dim::unknown()};  ///< The batch axis is unknown.
  DType dtype = DType::kFloat32;
  std::string axes{};  ///< Without the batch axis.
  std::string name{};
};

}  // namespace tenon::graph
