#pragma once

#include <string>
#include <string_view>

namespace tenon::readers {

/// True for "s3://…".
bool is_s3(std::string_view address) noexcept;

/// Where an s3 address is asked, and how that is signed.
struct S3Request {
  std::string url;
  std::string provider;  ///< As libcurl wants it: "aws:amz:REGION:s3"; empty: not signed.
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
};

/// "s3://bucket/key" by the environment (see fetch()). Throws FormatError (F001) for an address
/// without bucket or key, or half of the credentials. With a `query` the bucket is asked that, and
/// the address may be without a key.
S3Request s3_request(const std::string& address, const std::string& query = "");

/// What the names of the files below a folder begin with: "a/b/" of "s3://bucket/a/b", nothing of
/// "s3://bucket". Throws FormatError (F001) for an address without a bucket.
std::string s3_prefix(const std::string& address);

/// Bytes other than letters, digits and "-_.~/" as %XX.
std::string percent_encoded(const std::string& path);

/// An http address with %XX for what cannot stand in one: blanks, letters other than ASCII. What is
/// written as %XX stays.
std::string web_address(const std::string& address);

}  // namespace tenon::readers
