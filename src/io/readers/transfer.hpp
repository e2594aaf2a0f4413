#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tenon::readers {

/// What is asked of a server, and where it goes.
struct Transfer {
  std::string address;      ///< http, https or s3.
  std::uint64_t limit = 0;  ///< Bytes at most, in all.
  std::uint64_t begin = 0;  ///< So many bytes are here already, of the file with this `tag`.
  /// What the server calls this version of the file (its ETag or date); empty: not known. Set by
  /// fetch().
  std::string tag;
  std::string s3_query;    ///< Of an s3 address: asks its bucket this, in place of a file.
  bool only_head = false;  ///< Asks for `tag` and `size` and takes no bytes.
  std::uint64_t size = 0;  ///< Of the whole file, where the server said so.
  bool missing = false;    ///< Set before it throws: the server says that it has no such file.
  bool only_if_changed = false;  ///< Nothing is sent where the server's file still has `tag`.

  /// Takes the next bytes. Returns nothing; throws to stop.
  std::function<void(std::string_view)> take;
  /// What was taken is of another file: begin again.
  std::function<void()> restart;
};

enum class Fetched { kWhole, kNotChanged };

/// Gets the rest of a file. A connection that is cut, does not answer for 30 s (environment:
/// TENON_HTTP_TIMEOUT, seconds), and the statuses 408, 429 and 5xx are tried again, five times in a
/// row without a new byte at most, after 0.2, 0.4, … seconds or when the server says; each goes on
/// where the last one stopped, unless the file has another tag by then. Five redirects at most, to
/// http and https only. Certificates are checked.
///
/// s3://bucket/key is asked of AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL (as endpoint/bucket/key), of
/// Amazon otherwise, in the region AWS_REGION or AWS_DEFAULT_REGION (us-east-1); signed (SigV4)
/// with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, where there is one, AWS_SESSION_TOKEN;
/// without the first two not signed.
///
/// Throws FormatError (F001) that names the address and what the server said. Thread-safe;
/// connections are kept per thread.
Fetched fetch(Transfer& transfer);

/// False if Tenon was built without libcurl: fetch() then throws.
bool has_http() noexcept;

}  // namespace tenon::readers
