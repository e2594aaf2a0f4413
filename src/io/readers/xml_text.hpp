#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tenon::readers {

/// Text of an XML element or attribute with its references ("&amp;", "&#181;") as the characters
/// they stand for; names of other entities are left out.
std::string plain_text(std::string_view xml);

/// What stands in the first tag of `name`, whatever its namespace, behind that name; comments are
/// passed over. Nothing if there is none.
std::optional<std::string_view> first_tag(std::string_view xml, std::string_view name);
/// … in a tag behind it.
std::optional<std::string_view> second_tag(std::string_view xml, std::string_view name);

/// The value of the attribute `name` in what first_tag() gave.
std::optional<std::string> attribute_of(std::string_view tag, std::string_view name);

}  // namespace tenon::readers
