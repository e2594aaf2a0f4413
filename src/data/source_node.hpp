#pragma once

#include <memory>

#include "data/node.hpp"

namespace tenon::data {

/// The first node: tickets without records where the source can be read in any order, records in
/// the order of the stream otherwise.
std::unique_ptr<Node> make_source_node(std::shared_ptr<Execution> execution);

/// `record` in the slots of `schema`, matched by name. Throws DataError (G002) if its keys are not
/// the schema's.
Record fit_to_schema(Record record, const std::shared_ptr<const Schema>& schema);

}  // namespace tenon::data
