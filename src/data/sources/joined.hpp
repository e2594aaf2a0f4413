#pragma once

#include <memory>
#include <vector>

#include "data/source.hpp"

namespace tenon::data {

/// The samples of `parts`, one source behind the other, as one source: they are of one kind, have
/// random access, and at least one sample together. Throws FormatError (F001) that names `names[i]`
/// if part i has other keys, dtypes or shapes than the first.
std::shared_ptr<const Source> join_sources(std::vector<std::shared_ptr<const Source>> parts,
                                           const std::vector<std::string>& names);

}  // namespace tenon::data
