#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/bad_samples.hpp"
#include "data/node.hpp"

namespace tenon::data {

/// Everything that an iterator has to remember.
struct IteratorState {
  std::vector<std::string> fingerprint;  ///< Pipeline::fingerprint().
  std::vector<std::string> contents;     ///< Pipeline::contents(); empty: not known.
  std::uint64_t seed = 0;
  std::int64_t epoch = 0;
  std::int64_t delivered = 0;  ///< Elements given in this epoch.
  BadSampleLog::Counts counts;
  std::vector<BadSample> bad_samples;
  std::vector<NodeState> nodes;
};

/// As JSON.
std::string write_state(const IteratorState& state);
/// `state` with other counts and bad samples: those of all ranks together.
std::string with_bad_samples(const std::string& state, const SampleCounts& counts,
                             const std::vector<BadSample>& bad_samples);
/// Throws FormatError (F001) for text that write_state did not write, or of another version.
IteratorState read_state(const std::string& text);

}  // namespace tenon::data
