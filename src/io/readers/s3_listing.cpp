#include "io/readers/s3_listing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
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
/// One behind the other: of a folder with so many thousands of sub-folders.
constexpr std::size_t kMostPagesOfNothing = 1000;
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

/// What a list says between <Contents> and </Contents>; nothing without a key.
std::optional<S3File> file_of(std::string_view contents) {
  const auto text_of = [&](std::string_view name) -> std::string {
    std::size_t at = 0;
    const auto found = next_element(contents, name, at);
    return found ? plain_text(*found) : "";
  };
  S3File file;
  file.name = text_of("Key");
  if (file.name.empty()) return std::nullopt;
  const std::string size = text_of("Size");
  // What is no number is left at 0: what comes is counted once more.
  std::from_chars(size.data(), size.data() + size.size(), file.size);
  file.tag = text_of("ETag");
  if (file.tag.empty()) file.tag = text_of("LastModified");
  return file;
}

struct Listed {
  std::size_t page = 1000;
  std::size_t most = 0;
  std::string delimiter;  ///< Names that have it behind the folder's are left out; empty: none.
};

/// Calls `take` with each file below the folder at `address`, page by page.
template <class Take>
void for_each_file(const std::string& address, const Listed& how, Take take) {
  const std::string prefix = s3_prefix(address);
  std::size_t count = 0;
  std::size_t pages_of_nothing = 0;
  for (std::string token;;) {
    // In the order of their names, as the signature wants them.
    std::string query = token.empty() ? "" : fmt::format("continuation-token={}&", in_query(token));
    if (!how.delimiter.empty()) query += fmt::format("delimiter={}&", in_query(how.delimiter));
    query += fmt::format("list-type=2&max-keys={}&prefix={}", how.page, in_query(prefix));
    S3Page got = fetch_page(address, query);
    pages_of_nothing = got.files.empty() ? pages_of_nothing + 1 : 0;
    for (S3File& file : got.files) {
      // The folder itself may be a file of no bytes.
      if (file.name.size() <= prefix.size() || !file.name.starts_with(prefix)) continue;
      file.name.erase(0, prefix.size());
      if (++count > how.most)
        throw_file_error(address, fmt::format("has more than {} files", how.most));
      take(std::move(file));
    }
    if (got.next.empty()) return;
    if (got.next == token || pages_of_nothing > kMostPagesOfNothing)
      throw_file_error(address, "the server's list of files does not go on");
    token = std::move(got.next);
  }
}

}  // namespace

S3Page read_s3_page(const std::string& xml, const std::string& address) {
  if (xml.find("<ListBucketResult") == std::string::npos)
    throw_file_error(address, "the server gives no list of files", "an answer of ListObjectsV2");
  S3Page page;
  std::size_t at = 0;
  while (const auto contents = next_element(xml, "Contents", at)) {
    if (auto file = file_of(*contents)) page.files.push_back(std::move(*file));
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
  std::vector<std::string> names;
  for_each_file(address, {page, kMostFiles, ""},
                [&](S3File file) { names.push_back(std::move(file.name)); });
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<S3File> list_s3_folder(const std::string& address, std::size_t most, std::size_t page) {
  std::vector<S3File> files;
  for_each_file(address, {page, most, "/"}, [&](S3File file) {
    // A server that knows no delimiter lists sub-folders, too.
    if (file.name.find('/') == std::string::npos) files.push_back(std::move(file));
  });
  std::ranges::sort(files, {}, &S3File::name);
  return files;
}

}  // namespace tenon::readers
