#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tenon/dtype.hpp"
#include "tenon/geometry.hpp"

namespace tenon::decode {

// How the library and the process that decodes volumes talk: one message each way per file, over a
// socket that keeps messages whole. The voxels come as a file in memory beside the answer. Both
// ends are of one build; the version catches an old program left on a machine.

inline constexpr std::uint32_t kVersion = 2;
/// The descriptor under which the decoding process finds its end of the socket.
inline constexpr int kSocket = 3;

struct Request {
  std::string path;            ///< A file, or a folder that holds one series of DICOM files.
  std::string series;          ///< Which series of a folder, by its UID; empty: the only one.
  std::int64_t max_bytes = 0;  ///< Of the decoded volume.
  bool header_only = false;    ///< Of a file: no voxels come.
};

struct Answer {
  std::string problem;  ///< Empty: decoded; else why not, and nothing else is set.
  DType dtype = DType::kFloat32;
  std::array<std::int64_t, 4> shape{};  ///< (depth, height, width, channels)
  std::optional<Geometry> geometry;     ///< Nothing where the file states none.
};

/// Messages as bytes; at most kMaxMessage.
inline constexpr std::size_t kMaxMessage = 65536;
std::string to_bytes(const Request& request);
std::string to_bytes(const Answer& answer);
/// Nothing for bytes that are no such message.
std::optional<Request> request_of(const std::string& bytes);
std::optional<Answer> answer_of(const std::string& bytes);

/// Sends one message, with a descriptor beside it unless that is -1. False if the other end is
/// gone.
bool send_message(int socket, const std::string& bytes, int descriptor = -1);
struct Message {
  std::string bytes;
  int descriptor = -1;  ///< The receiver's to close; -1: none came.
};
/// Waits for one message, `seconds` at most (negative: for ever); nothing at the end of the stream
/// or when the time is over.
std::optional<Message> receive_message(int socket, double seconds = -1.0);

}  // namespace tenon::decode
