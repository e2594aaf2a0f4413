#pragma once

#include <string>

#include "data/registry.hpp"

namespace tenon::cli {

/// A TOML text as a tree of values, each with its line. Throws FormatError (C001) with the line on
/// a text that is not TOML. Dates and times are refused: no argument takes one.
data::ArgumentValue parse_toml(const std::string& text, const std::string& file);

/// `--set fit.epochs=1`: sets the value at a dotted path (numbers count list entries from 0),
/// making tables that are missing. The value is TOML; a word that is not is taken as text. What is
/// set stands on `line` (see set_line). Throws FormatError (C001) on a path that goes through
/// something that is no table.
void set_value(data::ArgumentValue& root, const std::string& assignment, int line);

}  // namespace tenon::cli
