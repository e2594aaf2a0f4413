#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ops/program.hpp"

namespace tenon::graph {

/// True if `word` is one of Keras's activations that are known here (see Activation).
bool is_activation(std::string_view word);
/// All words, Keras's own first, then its other names ("swish").
std::vector<std::string> activation_words();
/// Keras's own name: "silu" for "swish".
std::string canonical_activation(const std::string& word);

/// Appends the activation `word` (one for which is_activation holds) of `value`; "linear" appends
/// nothing. Softmax is over the last axis.
ops::ValueId append_activation(ops::Builder& builder, const std::string& word, ops::ValueId value,
                               const std::string& node_name);

}  // namespace tenon::graph
