#pragma once

#include <memory>

#include "data/node.hpp"
#include "data/pipeline.hpp"

namespace tenon::data {

/// Builds the nodes that run `pipeline`: stages that only choose and order elements first, on
/// tickets; then reading and the stages on samples in parallel; records flow from there on.
/// `keep_all` false leaves out the stages that do not change what one element looks like.
std::unique_ptr<Node> build_nodes(const Pipeline& pipeline,
                                  const std::shared_ptr<Execution>& execution,
                                  bool keep_all = true);

/// Whether what comes to stage `place` has been read before it, rather than being chosen unread.
bool reads_before(const Pipeline& pipeline, std::size_t place);

}  // namespace tenon::data
