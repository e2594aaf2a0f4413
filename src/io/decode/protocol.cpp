#include "io/decode/protocol.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <span>
#include <type_traits>

namespace tenon::decode {
namespace {

/// Appends values one after another.
class Writer {
 public:
  template <class T>
  void number(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(const std::string& value) {
    const std::string shown = value.substr(0, kMaxMessage / 4);
    number(static_cast<std::uint32_t>(shown.size()));
    bytes_ += shown;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads them back; good() is false once something was missing.
class Reader {
 public:
  explicit Reader(const std::string& bytes) : bytes_(bytes) {}
  template <class T>
  T number() {
    T value{};
    if (!has(sizeof value)) return value;
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::string text() {
    const auto size = number<std::uint32_t>();
    if (!has(size)) return {};
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }
  bool complete() const { return good_ && at_ == bytes_.size(); }

 private:
  bool has(std::size_t size) { return good_ = good_ && size <= bytes_.size() - at_; }

  const std::string& bytes_;
  std::size_t at_ = 0;
  bool good_ = true;
};

}  // namespace

std::string to_bytes(const Request& request) {
  Writer writer;
  writer.number(kVersion);
  writer.text(request.path);
  writer.text(request.series);
  writer.number(request.max_bytes);
  writer.number(request.header_only);
  return writer.take();
}

std::optional<Request> request_of(const std::string& bytes) {
  Reader reader(bytes);
  if (reader.number<std::uint32_t>() != kVersion) return std::nullopt;
  Request request;
  request.path = reader.text();
  request.series = reader.text();
  request.max_bytes = reader.number<std::int64_t>();
  request.header_only = reader.number<bool>();
  return reader.complete() ? std::optional(request) : std::nullopt;
}

std::string to_bytes(const Answer& answer) {
  Writer writer;
  writer.number(kVersion);
  writer.text(answer.problem);
  writer.number(answer.dtype);
  writer.number(answer.shape);
  writer.number(answer.geometry.has_value());
  writer.number(answer.geometry.value_or(Geometry()));
  return writer.take();
}

std::optional<Answer> answer_of(const std::string& bytes) {
  Reader reader(bytes);
  if (reader.number<std::uint32_t>() != kVersion) return std::nullopt;
  Answer answer;
  answer.problem = reader.text();
  answer.dtype = reader.number<DType>();
  answer.shape = reader.number<std::array<std::int64_t, 4>>();
  const bool placed = reader.number<bool>();
  const auto geometry = reader.number<Geometry>();
  if (placed) answer.geometry = geometry;
  return reader.complete() ? std::optional(answer) : std::nullopt;
}

bool send_message(int socket, const std::string& bytes, int descriptor) {
  iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(bytes.size());
}

std::optional<Message> receive_message(int socket, double seconds) {
  pollfd waited{socket, POLLIN, 0};
  int ready = -1;
  do {
    ready = ::poll(&waited, 1, seconds < 0.0 ? -1 : static_cast<int>(seconds * 1000.0));
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) return std::nullopt;
  Message received;
  received.bytes.resize(kMaxMessage);
  iovec piece{received.bytes.data(), received.bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t size = -1;
  do {
    size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size <= 0) return std::nullopt;
  received.bytes.resize(static_cast<std::size_t>(size));
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
    std::memcpy(&received.descriptor, CMSG_DATA(header), sizeof received.descriptor);
  }
  return received;
}

}  // namespace tenon::decode
