#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tenon::readers {

/// The files below a folder in S3, "s3://bucket/prefix" or "s3://bucket": their names from there
/// on, in the order of their bytes, sub-folders' too ("cats/1.jpg"). Asked for `page` at a time
/// (ListObjectsV2), with the credentials of fetch(). Throws FormatError (F001).
std::vector<std::string> list_s3(const std::string& address, std::size_t page = 1000);

/// Of an answer of ListObjectsV2: the keys, and what goes on behind them; empty if nothing does.
struct S3Page {
  std::vector<std::string> keys;
  std::string next;
};
/// Throws FormatError (F001) that begins with `address` for what is no such answer.
S3Page read_s3_page(const std::string& xml, const std::string& address);

}  // namespace tenon::readers
