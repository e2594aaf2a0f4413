#include "io/readers/decode_program.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> places() {
  std::vector<std::string> found;
  if (const char* named = std::getenv("TENON_DECODE")) found.emplace_back(named);
  std::error_code error;
  const fs::path running = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    found.push_back((running.parent_path() / "tenon-decode").string());
    found.push_back((running.parent_path() / ".." / TENON_DECODE_FOLDER / "tenon-decode").string());
  }
  found.emplace_back(TENON_DECODE_INSTALLED);
  found.emplace_back(TENON_DECODE_BUILT);
  return found;
}

std::string found_program() {
  const std::vector<std::string> all = places();
  for (const std::string& place : all) {
    if (::access(place.c_str(), X_OK) == 0) return place;
  }
  throw EngineError(make_diagnostic(
      "E001", "volumes (NIfTI, DICOM, NRRD, MetaImage) cannot be read: there is no tenon-decode",
      all,
      "build Tenon where ITK 5 is installed (libinsighttoolkit5-dev), or name the program in "
      "the environment variable TENON_DECODE"));
}

}  // namespace

const std::string& decode_program() {
  static const std::string program = found_program();
  return program;
}

}  // namespace tenon::readers
