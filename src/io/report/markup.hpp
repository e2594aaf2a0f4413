#pragma once

#include <string>
#include <string_view>

namespace tenon::report {

/// `text` for the inside of an XML element or attribute. Characters that XML 1.0 has no place for,
/// and bytes that are no UTF-8, become U+FFFD.
std::string xml_text(std::string_view text);

/// `text` for the inside of a quoted string of a Graphviz file, shown as it is.
std::string dot_text(std::string_view text);

}  // namespace tenon::report
