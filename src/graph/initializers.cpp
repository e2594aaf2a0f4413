#include "tenon/initializers.hpp"

#include <fmt/format.h>

#include "core/name_list.hpp"
#include "graph/initializer_table.hpp"
#include "graph/unknown_word.hpp"
#include "tenon/error.hpp"

namespace tenon {
namespace {

const graph::InitializerFacts& facts_of(const std::string& name) {
  const graph::InitializerFacts* facts = graph::find_initializer(name);
  if (facts != nullptr) return *facts;
  const std::vector<std::string> words = graph::initializer_words();
  throw_argument_error("initializer", fmt::format("there is none called {}", quote_key(name)),
                       "one of " + list_names(words, words.size()), graph::meant_word(name, words));
}

}  // namespace

Initializer::Initializer(const char* name) : Initializer(std::string(name)) {}

Initializer::Initializer(const std::string& name)
    : Initializer(name, std::vector<std::pair<std::string, double>>{}) {}

Initializer::Initializer(std::string class_name,
                         std::vector<std::pair<std::string, double>> arguments,
                         std::optional<std::int64_t> seed)
    : seed_(seed) {
  const graph::InitializerFacts& facts = facts_of(class_name);
  class_name_ = facts.class_name;
  arguments_ = facts.arguments;
  std::vector<std::string> known;
  for (const auto& [name, value] : arguments_) known.push_back(name);
  for (const auto& [name, value] : arguments) {
    bool found = false;
    for (auto& [own_name, own_value] : arguments_) {
      if (own_name == name) {
        own_value = value;
        found = true;
      }
    }
    if (!found) {
      throw_argument_error("initializer " + class_name_,
                           fmt::format("it has no argument {}", quote_key(name)),
                           "its arguments: " + list_names(known), graph::meant_word(name, known));
    }
  }
}

double Initializer::argument(const std::string& name) const {
  for (const auto& [own_name, value] : arguments_) {
    if (own_name == name) return value;
  }
  throw_argument_error("initializer " + class_name_,
                       fmt::format("it has no argument {}", quote_key(name)), "");
}

namespace initializers {

Initializer Zeros() { return "zeros"; }
Initializer Ones() { return "ones"; }
Initializer Constant(double value) { return {"Constant", {{"value", value}}}; }
Initializer RandomNormal(double mean, double stddev, std::optional<std::int64_t> seed) {
  return {"RandomNormal", {{"mean", mean}, {"stddev", stddev}}, seed};
}
Initializer RandomUniform(double minval, double maxval, std::optional<std::int64_t> seed) {
  return {"RandomUniform", {{"minval", minval}, {"maxval", maxval}}, seed};
}
Initializer TruncatedNormal(double mean, double stddev, std::optional<std::int64_t> seed) {
  return {"TruncatedNormal", {{"mean", mean}, {"stddev", stddev}}, seed};
}
Initializer GlorotUniform(std::optional<std::int64_t> seed) { return {"GlorotUniform", {}, seed}; }
Initializer GlorotNormal(std::optional<std::int64_t> seed) { return {"GlorotNormal", {}, seed}; }
Initializer HeUniform(std::optional<std::int64_t> seed) { return {"HeUniform", {}, seed}; }
Initializer HeNormal(std::optional<std::int64_t> seed) { return {"HeNormal", {}, seed}; }
Initializer LecunUniform(std::optional<std::int64_t> seed) { return {"LecunUniform", {}, seed}; }
Initializer LecunNormal(std::optional<std::int64_t> seed) { return {"LecunNormal", {}, seed}; }

}  // namespace initializers
}  // namespace tenon
