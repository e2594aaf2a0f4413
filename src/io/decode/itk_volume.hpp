#pragma once

#include <cstdint>
#include <string>

#include "io/decode/protocol.hpp"

namespace tenon::decode {

/// A volume in memory that another process can take over.
struct Decoded {
  Answer answer;
  int descriptor = -1;  ///< A file in memory with the voxels, row-major; the caller's to close.
};

/// Decodes with ITK what `request` names. Never throws: what goes wrong is Answer::problem.
Decoded decode_volume(const Request& request);

}  // namespace tenon::decode
