#pragma once

#include <sstream>
#include <string>

namespace tenon::testing {

/// The text of a steps.csv without its two columns of seconds: what two runs have in common.
inline std::string without_seconds(const std::string& text) {
  std::istringstream lines(text);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    for (int i = 0; i < 2; ++i) line.resize(line.rfind(','));
    kept += line + "\n";
  }
  return kept;
}

}  // namespace tenon::testing
