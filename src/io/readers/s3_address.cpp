#include "io/readers/s3_address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

/// The first of these variables that is set to something.
std::string environment(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

constexpr std::string_view kS3Scheme = "s3://";

std::pair<std::string, std::string> bucket_and_key(const std::string& address) {
  const std::string rest = address.substr(std::min(kS3Scheme.size(), address.size()));
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  if (slash == 0) throw_file_error(address, "names no bucket of S3", "s3://bucket/key");
  return {rest.substr(0, slash), rest.substr(std::min(slash + 1, rest.size()))};
}

/// With %XX for each byte that does not pass.
template <class Passes>
std::string encoded(const std::string& text, Passes passes) {
  std::string result;
  for (const char character : text) {
    if (passes(character)) {
      result.push_back(character);
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(character));
    }
  }
  return result;
}

/// Of Amazon, where it may be a part of the host's name: nothing in it leads to another host.
void check_bucket(const std::string& bucket, const std::string& address) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  if (bucket.find_first_not_of(kPlain) == std::string::npos) return;
  throw_file_error(address, fmt::format("{} is no name of a bucket", quote_key(bucket)),
                   "letters, digits, \"-\", \"_\" and \".\"");
}

}  // namespace

bool is_s3(std::string_view address) noexcept { return address.starts_with(kS3Scheme); }

std::string s3_prefix(const std::string& address) {
  std::string prefix = bucket_and_key(address).second;
  if (!prefix.empty() && !prefix.ends_with('/')) prefix += '/';
  return prefix;
}

std::string percent_encoded(const std::string& path) {
  return encoded(path, [](char character) {
    constexpr std::string_view kPlain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~/";
    return kPlain.find(character) != std::string_view::npos;
  });
}

std::string web_address(const std::string& address) {
  return encoded(address, [](char character) {
    constexpr std::string_view kNever = "\"<>\\^`{|}";
    return character > ' ' && character < '\x7F' &&
           kNever.find(character) == std::string_view::npos;
  });
}

S3Request s3_request(const std::string& address, const std::string& query) {
  const auto [bucket, name] = bucket_and_key(address);
  if (name.empty() && query.empty())
    throw_file_error(address, "is no address of a file in S3", "s3://bucket/key");
  const std::string key = query.empty() ? percent_encoded(name) : "?" + query;
  std::string region = environment({"AWS_REGION", "AWS_DEFAULT_REGION"});
  if (region.empty()) region = "us-east-1";

  S3Request request;
  std::string endpoint = environment({"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"});
  while (endpoint.ends_with('/')) endpoint.pop_back();
  // A bucket with a dot in its name has no certificate of its own.
  const bool in_host = bucket.find('.') == std::string::npos;
  if (endpoint.empty()) check_bucket(bucket, address);
  if (!endpoint.empty()) {
    request.url = fmt::format("{}/{}/{}", endpoint, percent_encoded(bucket), key);
  } else if (in_host) {
    request.url = fmt::format("https://{}.s3.{}.amazonaws.com/{}", bucket, region, key);
  } else {
    request.url = fmt::format("https://s3.{}.amazonaws.com/{}/{}", region, bucket, key);
  }
  const std::string id = environment({"AWS_ACCESS_KEY_ID"});
  const std::string secret = environment({"AWS_SECRET_ACCESS_KEY"});
  if (id.empty() != secret.empty()) {
    throw_file_error(address,
                     fmt::format("{} is set, {} is not",
                                 id.empty() ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID",
                                 id.empty() ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY"),
                     "both, or none for a bucket that everybody may read");
  }
  if (!id.empty()) {
    request.provider = fmt::format("aws:amz:{}:s3", region);
    request.access_key_id = id;
    request.secret_access_key = secret;
    request.session_token = environment({"AWS_SESSION_TOKEN"});
  }
  return request;
}

}  // namespace tenon::readers
