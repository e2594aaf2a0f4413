#pragma once

#include <string>

namespace tenon::readers {

/// Where an s3 address is asked, and how that is signed.
struct S3Request {
  std::string url;
  std::string provider;  ///< As libcurl wants it: "aws:amz:REGION:s3"; empty: not signed.
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
};

/// "s3://bucket/key" by the environment (see fetch()). Throws FormatError (F001) for an address
/// without bucket or key, or half of the credentials.
S3Request s3_request(const std::string& address);

/// Bytes other than letters, digits and "-_.~/" as %XX.
std::string percent_encoded(const std::string& path);

}  // namespace tenon::readers
