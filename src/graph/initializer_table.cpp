#include "graph/initializer_table.hpp"

namespace tenon::graph {

std::span<const InitializerFacts> initializer_table() {
  static const std::vector<InitializerFacts> table = {
      {"Zeros", "zeros", {}},
      {"Ones", "ones", {}},
      {"Constant", "constant", {{"value", 0.0}}},
      {"RandomNormal", "random_normal", {{"mean", 0.0}, {"stddev", 0.05}}, true},
      {"RandomUniform", "random_uniform", {{"minval", -0.05}, {"maxval", 0.05}}, true},
      {"TruncatedNormal", "truncated_normal", {{"mean", 0.0}, {"stddev", 0.05}}, true},
      {"VarianceScaling", "variance_scaling", {{"scale", 1.0}}, true},
      {"GlorotUniform", "glorot_uniform", {}, true, 1.0, "fan_avg", "uniform"},
      {"GlorotNormal", "glorot_normal", {}, true, 1.0, "fan_avg", "truncated_normal"},
      {"HeUniform", "he_uniform", {}, true, 2.0, "fan_in", "uniform"},
      {"HeNormal", "he_normal", {}, true, 2.0, "fan_in", "truncated_normal"},
      {"LecunUniform", "lecun_uniform", {}, true, 1.0, "fan_in", "uniform"},
      {"LecunNormal", "lecun_normal", {}, true, 1.0, "fan_in", "truncated_normal"},
  };
  return table;
}

const InitializerFacts* find_initializer(std::string_view name) {
  for (const InitializerFacts& facts : initializer_table()) {
    if (facts.class_name == name || facts.word == name) return &facts;
  }
  return nullptr;
}

std::vector<std::string> initializer_words() {
  std::vector<std::string> words;
  for (const InitializerFacts& facts : initializer_table()) words.push_back(facts.word);
  return words;
}

}  // namespace tenon::graph
