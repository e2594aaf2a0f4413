#include "tenon/source_location.hpp"

#include <mutex>
#include <set>
#include <string>

namespace tenon {

const char* intern_file(const char* path) {
  // Leaked on purpose: locations may be read while static objects are being destroyed.
  static auto* const mutex = new std::mutex;
  static auto* const paths = new std::set<std::string>;
  const std::lock_guard lock(*mutex);
  return paths->emplace(path == nullptr ? "" : path).first->c_str();
}

}  // namespace tenon
