#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace tenon {

/// Names for a message, quoted, odd characters made visible: `"a", "b" and "c"`. More than `most`
/// are cut: `"a", "b" and 5 more`. "none" if there are none.
std::string list_names(std::span<const std::string> names, std::size_t most = 12);

}  // namespace tenon
