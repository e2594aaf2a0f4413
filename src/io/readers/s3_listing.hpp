#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tenon::readers {

/// The files below a folder in S3, "s3://bucket/prefix" or "s3://bucket": their names from there
/// on, in the order of their bytes, sub-folders' too ("cats/1.jpg"). Asked for `page` at a time
/// (ListObjectsV2), with the credentials of fetch(). Throws FormatError (F001).
std::vector<std::string> list_s3(const std::string& address, std::size_t page = 1000);

/// A file as a list tells of it.
struct S3File {
  std::string name;        ///< From the folder on.
  std::uint64_t size = 0;  ///< Bytes.
  std::string tag;         ///< Its ETag, else its date; empty: the server says neither.
  bool operator==(const S3File&) const = default;
};

/// The files right in a folder in S3, not in its sub-folders, in the order of their names. Throws
/// FormatError (F001), also where there are more than `most`.
std::vector<S3File> list_s3_folder(const std::string& address, std::size_t most,
                                   std::size_t page = 1000);

/// Of an answer of ListObjectsV2: the files, by their keys, and what goes on behind them; empty if
/// nothing does.
struct S3Page {
  std::vector<S3File> files;
  std::string next;
};
/// Throws FormatError (F001) that begins with `address` for what is no such answer.
S3Page read_s3_page(const std::string& xml, const std::string& address);

}  // namespace tenon::readers
