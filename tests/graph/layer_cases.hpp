#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "tenon/layer.hpp"
#include "tenon/shape.hpp"

namespace tenon {

/// A layer to be walked through by the contract test: with other arguments than the defaults where
/// there are such, so that a forgotten one shows.
struct LayerCase {
  std::string class_name;
  std::function<Layer()> make;
  std::vector<Shape> inputs;  ///< Without the batch axis.
  std::vector<std::string> weights{};
};

std::vector<LayerCase> layer_cases();

/// For GoogleTest's messages.
inline void PrintTo(const LayerCase& layer_case, std::ostream* out) {
  *out << layer_case.class_name;
}

}  // namespace tenon
