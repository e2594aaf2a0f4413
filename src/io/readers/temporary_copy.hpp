#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tenon::readers {

/// A copy that is there for as long as this object: of an address in the folder for temporary
/// files, with the ending of its name; a path is taken as it is. Of "s3://bucket/prefix/" it is a
/// folder of the files right in it; "s3://bucket/prefix" is one, too, where there is no file of
/// that name.
class TemporaryCopy {
 public:
  /// At most `limit` bytes, of a folder in all. Throws FormatError (F001).
  TemporaryCopy(const std::string& path, std::uint64_t limit);
  ~TemporaryCopy();
  TemporaryCopy(const TemporaryCopy&) = delete;
  TemporaryCopy& operator=(const TemporaryCopy&) = delete;
  const std::string& path() const noexcept { return path_; }
  /// A message about the copy, told of what it is a copy of.
  std::string told(std::string message) const;

 private:
  void copy(const std::string& address, std::uint64_t limit);
  void copy_file(const std::string& address, std::uint64_t limit);
  /// False if there are no files in it.
  bool copy_folder(const std::string& address, std::uint64_t limit);

  std::string path_;
  std::string folder_;  ///< Empty: nothing to remove.
  /// What stands in messages, and what is to stand there; in this order.
  std::vector<std::pair<std::string, std::string>> names_;
};

}  // namespace tenon::readers
