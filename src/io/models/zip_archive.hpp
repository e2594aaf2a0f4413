#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tenon::models {

/// Members of a zip file by name. Throws FormatError (F001): not a zip, damaged, more than 4,096
/// members, more than 64 GiB unpacked or more than deflate could pack into the file. Nothing is
/// written to disk, so no path in the archive can lead anywhere.
std::map<std::string, std::string> read_zip(const std::string& path);

/// The bytes of a zip file with the members stored uncompressed, in order, as Keras writes it.
std::string write_zip(const std::vector<std::pair<std::string, std::string>>& members,
                      const std::string& path);

}  // namespace tenon::models
