#include "io/readers/s3_listing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "io/readers/s3_address.hpp"
#include "io/readers/transfer.hpp"
#include "io/readers/xml_text.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

constexpr std::size_t kMostFiles = 10'000'000;
constexpr std::uint64_t kMostPageBytes = std::uint64_t{1} << 26;

/// What stands between <name> and </name> from `at` on, where `at` is then left; nothing if it is
/// not there.
std::optional<std::string_view> next_element(std::string_view xml, std::string_view name,
                                             std::size_t& at) {
  const std::string open = fmt::format("<{}>", name);
  const std::size_t begin = xml.find(open, at);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::size_t first = begin + open.size();
  const std::size_t end = xml.find(fmt::format("</{}>", name), first);
  if (end == std::string_view::npos) return std::nullopt;
  at = end;
  return xml.substr(first, end - first);
}

/// As percent_encoded, slashes too.
std::string in_query(const std::string& text) {
  std::string encoded = percent_encoded(text);
  for (std::size_t at = 0; (at = encoded.find('/', at)) != std::string::npos;)
    encoded.replace(at, 1, "%2F");
  return encoded;
}

S3Page fetch_page(const std::string& address, const std::string& query) {
  std::string xml;
  Transfer transfer;
  transfer.address = address;
  transfer.s3_query = query;
  transfer.limit = kMostPageBytes;
  transfer.take = [&](std::string_view more) { xml += more; };
  transfer.restart = [&] { xml.clear(); };
  static_cast<void>(fetch(transfer));
  return read_s3_page(xml, address);
}

}  // namespace

S3Page read_s3_page(const std::string& xml, const std::string& address) {
  if (xml.find("<ListBucketResult") == std::string::npos)
    throw_file_error(address, "the server gives no list of files", "an answer of ListObjectsV2");
  S3Page page;
  std::size_t at = 0;
  while (const auto contents = next_element(xml, "Contents", at)) {
    std::size_t within = 0;
    if (const auto key = next_element(*contents, "Key", within))
      page.keys.push_back(plain_text(*key));
  }
  at = 0;
  const auto truncated = next_element(xml, "IsTruncated", at);
  if (!truncated || *truncated != "true") return page;
  at = 0;
  const auto next = next_element(xml, "NextContinuationToken", at);
  if (!next || next->empty())
    throw_file_error(address, "the server's list of files does not say how it goes on");
  page.next = plain_text(*next);
  return page;
}

std::vector<std::string> list_s3(const std::string& address, std::size_t page) {
  const std::string prefix = s3_prefix(address);
  std::vector<std::string> names;
  for (std::string token;;) {
    // In the order of their names, as the signature wants them.
    std::string query = token.empty() ? "" : fmt::format("continuation-token={}&", in_query(token));
    query += fmt::format("list-type=2&max-keys={}&prefix={}", page, in_query(prefix));
    S3Page got = fetch_page(address, query);
    for (const std::string& key : got.keys) {
      if (key.size() > prefix.size() && key.starts_with(prefix))
        names.push_back(key.substr(prefix.size()));
    }
    if (names.size() > kMostFiles)
      throw_file_error(address, fmt::format("has more than {} files", kMostFiles));
    if (got.next.empty() || got.next == token) break;
    token = std::move(got.next);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace tenon::readers
