#include "tenon/regularizers.hpp"

#include <fmt/format.h>

#include <array>

#include "graph/unknown_word.hpp"
#include "tenon/diagnostic.hpp"
#include "tenon/error.hpp"

namespace tenon {

Regularizer::Regularizer(const char* name) {
  constexpr double kDefaultFactor = 0.01;  // Keras's
  const std::string word = name;
  if (word == "l1" || word == "l1_l2") l1 = kDefaultFactor;
  if (word == "l2" || word == "l1_l2") l2 = kDefaultFactor;
  if (!active()) {
    const std::array<std::string, 3> words = {"l1", "l2", "l1_l2"};
    throw_argument_error("regularizer", fmt::format("there is none called {}", quote_key(word)),
                         R"("l1", "l2" or "l1_l2")", graph::meant_word(word, words));
  }
}

namespace regularizers {

Regularizer L1(double l1) { return {l1, 0.0}; }
Regularizer L2(double l2) { return {0.0, l2}; }
Regularizer L1L2(double l1, double l2) { return {l1, l2}; }

}  // namespace regularizers
}  // namespace tenon
