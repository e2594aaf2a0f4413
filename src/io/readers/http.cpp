#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <random>
#include <thread>

#include "core/address.hpp"
#include "io/readers/s3_address.hpp"
#include "io/readers/transfer.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

constexpr int kMostFailures = 5;
constexpr long kConnectSeconds = 10;
constexpr double kMostSecondsToWait = 30.0;
constexpr std::size_t kMostOfAnError = 4096;

struct FreeHandle {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, FreeList>;

/// This thread's handle with its open connections, all options as they were at first.
CURL* handle_of_thread() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  thread_local const std::unique_ptr<CURL, FreeHandle> handle(ready ? curl_easy_init() : nullptr);
  if (handle) curl_easy_reset(handle.get());
  return handle.get();
}

void append(Headers& headers, const std::string& line) {
  curl_slist* longer = curl_slist_append(headers.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  static_cast<void>(headers.release());
  headers.reset(longer);
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return number;
}

long seconds_without_a_byte() {
  const char* given = std::getenv("TENON_HTTP_TIMEOUT");
  const auto seconds = number_in(given == nullptr ? "" : given);
  return seconds && *seconds >= 1 && *seconds <= 86400 ? static_cast<long>(*seconds) : 30;
}

/// One request and what has come of it.
class Request {
 public:
  explicit Request(Transfer& transfer) : transfer_(transfer), handle_(handle_of_thread()) {
    if (handle_ == nullptr) throw_file_error(transfer.address, "libcurl could not be set up");
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  CURLcode run() {
    set_target();
    ask_for_rest();
    curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, headers_.get());
    curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle_, CURLOPT_USERAGENT, "tenon");
    curl_easy_setopt(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle_, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle_, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(handle_, CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(handle_, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    curl_easy_setopt(handle_, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle_, CURLOPT_LOW_SPEED_TIME, seconds_without_a_byte());
    curl_easy_setopt(handle_, CURLOPT_HEADERFUNCTION, &Request::take_header);
    curl_easy_setopt(handle_, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, &Request::take_bytes);
    curl_easy_setopt(handle_, CURLOPT_WRITEDATA, this);
    if (transfer_.only_head) curl_easy_setopt(handle_, CURLOPT_NOBODY, 1L);
    const CURLcode result = curl_easy_perform(handle_);
    if (error_) std::rethrow_exception(error_);
    // An empty file has no bytes at which this would have been seen.
    if (result == CURLE_OK && status() < 300) begin_body();
    return result;
  }

  long status() const {
    long code = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &code);
    return code;
  }
  bool asks_s3() const { return is_s3(transfer_.address); }
  bool signs() const { return signs_; }
  /// The server sent a part of a file other than the one that was begun: it is to be asked again.
  bool is_of_another() const { return is_of_another_; }
  const std::string& error_text() const { return error_text_; }
  double seconds_to_wait() const { return seconds_to_wait_; }

 private:
  void set_target() {
    if (!asks_s3()) {
      curl_easy_setopt(handle_, CURLOPT_URL, web_address(transfer_.address).c_str());
      return;
    }
    const S3Request request = s3_request(transfer_.address, transfer_.s3_query);
    curl_easy_setopt(handle_, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(handle_, CURLOPT_PATH_AS_IS, 1L);
    signs_ = !request.provider.empty();
    if (!signs_) return;
    curl_easy_setopt(handle_, CURLOPT_AWS_SIGV4, request.provider.c_str());
    curl_easy_setopt(handle_, CURLOPT_USERNAME, request.access_key_id.c_str());
    curl_easy_setopt(handle_, CURLOPT_PASSWORD, request.secret_access_key.c_str());
    // The hash of an empty body: S3 wants it among the headers that are signed.
    append(
        headers_,
        "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    if (!request.session_token.empty())
      append(headers_, "x-amz-security-token: " + request.session_token);
  }

  void ask_for_rest() {
    const bool is_date = !transfer_.tag.starts_with('"') && !transfer_.tag.starts_with("W/");
    if (transfer_.only_if_changed && !transfer_.tag.empty()) {
      append(headers_, (is_date ? "If-Modified-Since: " : "If-None-Match: ") + transfer_.tag);
    }
    if (transfer_.begin == 0) return;
    append(headers_, fmt::format("Range: bytes={}-", transfer_.begin));
    append(headers_, "If-Range: " + transfer_.tag);
  }

  static std::size_t take_header(const char* text, std::size_t one, std::size_t count, void* self) {
    auto& request = *static_cast<Request*>(self);
    request.guard([&] { request.read_header(std::string_view(text, one * count)); });
    return request.error_ ? 0 : one * count;
  }
  static std::size_t take_bytes(const char* bytes, std::size_t one, std::size_t count, void* self) {
    auto& request = *static_cast<Request*>(self);
    request.guard([&] { request.read_bytes(std::string_view(bytes, one * count)); });
    return request.error_ || request.is_of_another_ ? 0 : one * count;
  }
  /// Nothing is thrown through libcurl.
  template <class Work>
  void guard(const Work& work) noexcept {
    try {
      work();
    } catch (...) {
      error_ = std::current_exception();
    }
  }

  void read_header(std::string_view line) {
    while (line.ends_with('\r') || line.ends_with('\n')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) {  // Of the next answer, after a redirect.
      tag_.clear();
      date_.clear();
      content_begin_ = 0;
      seconds_to_wait_ = 0.0;
      return;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "etag") tag_ = value;
    if (name == "last-modified") date_ = value;
    if (name == "content-range" && value.starts_with("bytes "))
      content_begin_ = number_in(value.substr(6)).value_or(0);
    if (name == "retry-after")
      seconds_to_wait_ =
          std::min(static_cast<double>(number_in(value).value_or(0)), kMostSecondsToWait);
  }

  void read_bytes(std::string_view bytes) {
    if (status() >= 300) {
      error_text_.append(bytes.substr(0, kMostOfAnError - error_text_.size()));
      return;
    }
    begin_body();
    if (is_of_another_) return;
    if (bytes.size() > transfer_.limit - std::min(transfer_.limit, transfer_.begin)) {
      throw_file_error(transfer_.address,
                       fmt::format("the file has more than {} bytes", transfer_.limit),
                       fmt::format("at most {} bytes", transfer_.limit));
    }
    transfer_.take(bytes);
    transfer_.begin += bytes.size();
  }

  /// What comes goes on where the last bytes ended, or is the whole file once more.
  void begin_body() {
    if (in_body_) return;
    in_body_ = true;
    // A weak ETag does not say that the bytes are the same.
    const std::string tag = tag_.empty() || tag_.starts_with("W/") ? date_ : tag_;
    const bool goes_on =
        status() == 206 && content_begin_ == transfer_.begin && tag == transfer_.tag;
    if (transfer_.begin != 0 && !goes_on) {
      transfer_.begin = 0;
      transfer_.restart();
      is_of_another_ = status() == 206;  // A server that does not know If-Range.
    }
    transfer_.tag = is_of_another_ ? "" : tag;
    curl_off_t rest = -1;
    curl_easy_getinfo(handle_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &rest);
    if (rest >= 0) transfer_.size = transfer_.begin + static_cast<std::uint64_t>(rest);
  }

  Transfer& transfer_;
  CURL* handle_;
  Headers headers_;
  bool signs_ = false;
  bool in_body_ = false;
  bool is_of_another_ = false;
  std::string tag_;
  std::string date_;
  std::uint64_t content_begin_ = 0;
  double seconds_to_wait_ = 0.0;
  std::string error_text_;
  std::exception_ptr error_;
};

/// "SignatureDoesNotMatch" of <Code>SignatureDoesNotMatch</Code>.
std::string element(const std::string& xml, const std::string& name) {
  const std::size_t begin = xml.find("<" + name + ">");
  if (begin == std::string::npos) return {};
  const std::size_t first = begin + name.size() + 2;
  const std::size_t end = xml.find("</" + name + ">", first);
  return end == std::string::npos ? std::string() : xml.substr(first, end - first);
}

bool is_missing(long status) { return status == 404 || status == 410; }

[[noreturn]] void throw_refused(const std::string& address, const Request& request) {
  const long status = request.status();
  const std::string code = element(request.error_text(), "Code");
  std::string what = fmt::format("the server answers {}", status);
  if (!code.empty())
    what += fmt::format(" {} ({})", code, element(request.error_text(), "Message"));
  if (is_missing(status)) {
    throw_file_error(address, what + ": it has no such file", "", "check the address");
  }
  if (code == "SignatureDoesNotMatch" || code == "InvalidAccessKeyId") {
    throw_file_error(address, what, "",
                     "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are to be a key of this server "
                     "and its secret");
  }
  if (code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect") {
    throw_file_error(address, what, "", "AWS_REGION is to be the region of the bucket");
  }
  if (code == "RequestTimeTooSkewed")
    throw_file_error(address, what, "", "set the clock of this machine");
  if (request.asks_s3() && !request.signs()) {
    throw_file_error(address, what + " to a request without a signature", "",
                     "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  }
  if (status == 401 || status == 403) what += ": reading it is not allowed";
  throw_file_error(address, what);
}

bool passes(long status) { return status == 408 || status == 429 || status >= 500; }

/// What another try may mend.
bool passes(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

/// How often in a row nothing was won. Bytes that were there once before are no progress: without
/// a tag, or of a file that is always another, they may be cut off in one place for ever.
class Tries {
 public:
  explicit Tries(const Transfer& transfer) : tag_(transfer.tag), furthest_(transfer.begin) {}

  int failures_with(const Transfer& transfer) {
    if (!transfer.tag.empty() && transfer.tag != tag_ && versions_ < kMostFailures) {
      tag_ = transfer.tag;
      furthest_ = 0;
      ++versions_;
    }
    failures_ = transfer.begin > furthest_ ? 1 : failures_ + 1;
    furthest_ = std::max(furthest_, transfer.begin);
    return failures_;
  }

 private:
  std::string tag_;
  std::uint64_t furthest_;
  int versions_ = 0;
  int failures_ = 0;
};

void wait_before(int failure, double seconds_asked) {
  // Not all who were refused at once come back at once.
  thread_local std::minstd_rand random{std::random_device{}()};
  const double share = std::uniform_real_distribution<double>(0.75, 1.25)(random);
  const double own = 0.2 * static_cast<double>(1 << std::min(failure - 1, 6)) * share;
  std::this_thread::sleep_for(std::chrono::duration<double>(std::max(own, seconds_asked)));
}

}  // namespace

Fetched fetch(Transfer& transfer) {
  Tries tries(transfer);
  for (;;) {
    if (transfer.begin > 0 && transfer.tag.empty()) {
      transfer.begin = 0;  // Nothing says that the rest would be of the same file.
      transfer.restart();
    }
    Request request(transfer);
    const CURLcode code = request.run();
    const long status = request.status();
    const bool whole = code == CURLE_OK && status >= 200 && status < 300;
    if (whole && !request.is_of_another()) return Fetched::kWhole;
    if (code == CURLE_OK && status == 304) return Fetched::kNotChanged;
    if (code == CURLE_OK && status == 416 && transfer.begin > 0) {
      transfer.begin = 0;  // The file is shorter now.
      transfer.restart();
    } else if (code == CURLE_OK && !whole && !passes(status)) {
      transfer.missing = is_missing(status);
      throw_refused(transfer.address, request);
    } else if (code != CURLE_OK && !passes(code) && !request.is_of_another()) {
      throw_file_error(transfer.address,
                       fmt::format("cannot be had: {}", curl_easy_strerror(code)));
    }
    const int failures = tries.failures_with(transfer);
    if (failures > kMostFailures) {
      throw_file_error(
          transfer.address,
          code == CURLE_OK
              ? fmt::format("the server answers {}, also after {} tries", status, failures)
              : fmt::format("{}, also after {} tries", curl_easy_strerror(code), failures));
    }
    wait_before(failures, request.seconds_to_wait());
  }
}

bool has_http() noexcept { return true; }

}  // namespace tenon::readers
