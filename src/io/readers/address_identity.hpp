#pragma once

#include <string>
#include <vector>

#include "io/readers/s3_listing.hpp"
#include "io/readers/transfer.hpp"

namespace tenon::readers {

/// What the server calls this version of what is at `address` (ETag or date, and length; of a
/// folder in S3 those of all its files), by which a cache recognises it; empty where it does not
/// say. Asked for once in a process, and known of what was read since. Throws nothing; thread-safe.
std::string address_identity(const std::string& address);

/// What was read is known better than what the server said when it was asked; of what nobody asked
/// for nothing is kept. `transfer` is at its end.
void note_identity(const Transfer& transfer);
/// … of a folder in S3, and what was listed of it.
void note_identity(const std::string& address, const std::vector<S3File>& files);

}  // namespace tenon::readers
