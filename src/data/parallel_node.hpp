#pragma once

#include <memory>

#include "data/sample_chain.hpp"

namespace tenon::data {

/// Runs a chain on every item, several at once on the execution's threads, and gives the results in
/// order. `counts_samples`: this is where the samples are read, and counted for the budget of bad
/// ones. `group`: items per task; more than one where an item is little work. `keeps_slots`: see
/// StreamStage.
std::unique_ptr<Node> make_parallel_node(std::unique_ptr<Node> upstream,
                                         std::shared_ptr<Execution> execution,
                                         std::shared_ptr<const SampleChain> chain,
                                         bool counts_samples, std::size_t group, bool keeps_slots);

}  // namespace tenon::data
