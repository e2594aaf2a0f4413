#pragma once

#include <string>
#include <string_view>

namespace tenon {

/// Text that may hold names from files made safe to print: control and invisible characters and
/// bytes that are no UTF-8 are escaped; line ends and tabs stay.
std::string printable(std::string_view text);

}  // namespace tenon
