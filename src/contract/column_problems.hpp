#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "contract/wanted.hpp"

namespace tenon::contract {

/// D002, where a column of the source holds values that a stage does not take (a class that
/// `encode` does not list, an id beyond `one_hot`), or class ids that the loss does not take: with
/// counts, first rows and the nearest class. Only for values that the run is sure to meet: nothing
/// is told where a function, or a shuffle before a take, has a say in which samples are drawn,
/// where such samples are passed over as bad ones, or where fewer steps are asked for than the data
/// have.
std::vector<Diagnostic> column_problems(const Split& split, const Join& joined);

/// The texts that reach stage `stage` and that it does not take; none where that is not known.
std::vector<std::string> texts_not_taken(const Split& split, std::int64_t stage);

}  // namespace tenon::contract
