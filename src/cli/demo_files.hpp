#pragma once

#include <cstdint>
#include <string>

namespace tenon::cli {

/// Writes into `folder`: images/*.jpg, train.csv, validation.csv, test.csv (filename, cell_type and
/// the box), model.json (the two-input network as Keras's JSON) and experiment.toml. The same files
/// for the same seed. Throws FormatError if a file cannot be written.
void write_demo_files(const std::string& folder, std::uint64_t seed);

}  // namespace tenon::cli
