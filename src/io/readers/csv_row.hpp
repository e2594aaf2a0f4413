#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tenon::readers {

/// The cells of the first row in `text`, as RFC 4180 says: a cell between double quotes may hold
/// separators, line ends and doubled quotes; it ends at LF, CR LF, a lone CR, or the end of `text`.
/// A quote inside a cell that did not begin with one is a character like others. `cells` is written
/// over. Returns what is wrong with the row; empty if nothing is.
std::string split_csv_row(std::string_view text, char separator, std::vector<std::string>& cells);

}  // namespace tenon::readers
