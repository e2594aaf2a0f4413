#pragma once

#include <cstdint>
#include <string>

#include "io/readers/transfer.hpp"

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

/// … into a new file at `path`; `transfer` says which one and how much of it at most. What there
/// is of it stays when this throws. Thread-safe.
void fetch_to(Transfer& transfer, const std::string& path);

/// The last part of an address as a name of a file here: letters, digits, ".", "-" and "_", never
/// empty or of dots alone.
std::string file_name_of(const std::string& address);

/// From then on sources read addresses too, and caches recognise them.
void take_addresses();

}  // namespace tenon::readers
