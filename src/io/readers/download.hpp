#pragma once

#include <cstdint>
#include <string>

namespace tenon::readers {

/// The path of a whole copy of what `address` names. Copies stay in the folder TENON_DOWNLOADS,
/// otherwise $XDG_CACHE_HOME/tenon/downloads or ~/.cache/tenon/downloads; a process asks the server
/// once whether its file is still that one (by ETag or date; without either it is fetched anew). A
/// copy that is not whole yet is gone on with, also by the next process; several processes do not
/// write one copy at a time. Throws FormatError (F001); thread-safe.
std::string local_copy(const std::string& address);

/// The file itself, nothing kept. Throws FormatError (F001), also above `limit` bytes. Thread-safe.
std::string read_address(const std::string& address, std::uint64_t limit);

/// … of a path or an address.
std::string read_file_or_address(const std::string& path, std::uint64_t limit);

/// A copy that is there for as long as this object: of an address in the folder for temporary
/// files, with the ending of its name; a path is taken as it is.
class TemporaryCopy {
 public:
  /// Throws FormatError (F001).
  TemporaryCopy(const std::string& path, std::uint64_t limit);
  ~TemporaryCopy();
  TemporaryCopy(const TemporaryCopy&) = delete;
  TemporaryCopy& operator=(const TemporaryCopy&) = delete;
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  std::string folder_;  ///< Empty: nothing to remove.
};

/// What the server calls this version of the file at `address` (ETag or date) and its length, by
/// which a cache recognises it; empty where it does not say. Asked for once in a process, and known
/// of what was read since. Throws nothing; thread-safe.
std::string address_identity(const std::string& address);

/// From then on sources read addresses too, and caches recognise them.
void take_addresses();

}  // namespace tenon::readers
