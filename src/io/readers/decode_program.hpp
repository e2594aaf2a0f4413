#pragma once

#include <string>

namespace tenon::readers {

/// Where the program is that decodes volumes: what the environment variable TENON_DECODE names,
/// else beside the running program, where it was installed, or where it was built. Throws
/// EngineError (E001) that says how to get it where it is in none of them.
const std::string& decode_program();

}  // namespace tenon::readers
