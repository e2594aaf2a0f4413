#pragma once

#include <string>

#include "graph/model_object.hpp"

namespace tenon::graph {

/// What Keras's Model.summary() prints, to the letter. Throws ContractError (A001) if line_length
/// leaves no room for the columns.
std::string summary(const ModelObject& model, const SummaryOptions& options);

}  // namespace tenon::graph
