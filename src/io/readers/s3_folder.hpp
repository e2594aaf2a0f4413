#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/readers/s3_listing.hpp"

namespace tenon::readers {

/// True for "s3://bucket/prefix/" and "s3://bucket", which name no file.
bool is_s3_folder(const std::string& address);

/// The files of a folder that may hold a series: those right in it whose names do not begin with a
/// dot. Throws FormatError (F001).
std::vector<S3File> list_s3_series(const std::string& address);

/// A file of a folder in S3 and its copy.
struct CopiedFile {
  std::string name;   ///< In S3, from the folder on.
  std::string local;  ///< In the folder of the copies.
};

/// Copies what list_s3_series() gives into `folder`, which is there and empty, several files at a
/// time, all of one state of the folder: where one changes meanwhile they are fetched anew. Files
/// that together have more than `limit` bytes, or more than there is room for, are not begun.
/// Nothing is returned where there are none. Throws FormatError (F001) that names the address of
/// the folder or of one of its files.
std::vector<CopiedFile> copy_s3_folder(const std::string& address,
                                       const std::filesystem::path& folder, std::uint64_t limit);

}  // namespace tenon::readers
