#pragma once

#include <string>
#include <string_view>

namespace tenon {

/// True for what a server has: "http://…", "https://…", "s3://bucket/key". Anything else is the
/// path of a file here.
bool is_address(std::string_view path) noexcept;

/// `name` below `root`, both a path or an address. A name that is absolute, or an address, stays
/// as it is.
std::string path_below(const std::string& root, const std::string& name);

/// The same place always as the same text: no "a/../b" in paths; addresses as they are.
std::string normal_path(const std::string& path);

/// Gives the path of a whole copy of `address` on this machine, which stays for as long as the
/// process lives. Throws FormatError (F001).
using AddressCopy = std::string (*)(const std::string& address);
/// From then on whatever opens files in this process takes addresses too. Thread-safe.
void set_address_copy(AddressCopy copy) noexcept;
/// `path` itself, or the copy of an address. Throws FormatError (F001).
std::string local_path(const std::string& path);

}  // namespace tenon
