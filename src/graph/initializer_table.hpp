#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/initializers.hpp"

namespace tenon::graph {

/// All facts of one of Keras's initializers.
struct InitializerFacts {
  std::string class_name;                                 ///< "GlorotUniform"
  std::string word;                                       ///< "glorot_uniform"
  std::vector<std::pair<std::string, double>> arguments;  ///< In Keras's order, with its defaults.
  bool seeded = false;
  /// Of the named forms of VarianceScaling: 0 for all others.
  double scale = 0.0;
  std::string mode{};
  std::string distribution{};
};

std::span<const InitializerFacts> initializer_table();
/// By class name or word; nullptr if there is none.
const InitializerFacts* find_initializer(std::string_view name);
/// Class names and words of all.
std::vector<std::string> initializer_words();

}  // namespace tenon::graph
