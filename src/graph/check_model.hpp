#pragma once

#include "graph/model_object.hpp"

namespace tenon::graph {

// What Model's constructor throws (ModelError, M001), in three steps: before the graph is walked,
// after it, and after its layers have got their names.

/// Inputs and outputs exist; inputs are made by Input(); none is given twice.
void check_ends(const ModelObject& model, SourceLocation location);
/// Every output depends on declared inputs only, and every input is needed.
void check_connections(const ModelObject& model, SourceLocation location);
/// No two layers, inputs or outputs have one name.
void check_names(const ModelObject& model, SourceLocation location);

}  // namespace tenon::graph
