#include "io/readers/decode_pool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "io/decode/protocol.hpp"
#include "io/readers/decode_program.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

constexpr double kPatience = 300.0;  ///< Seconds that a file may take.

[[noreturn]] void throw_volume_error(const std::string& path, const std::string& reason) {
  Diagnostic problem = make_diagnostic(
      "F001", fmt::format("{} cannot be read as a volume: {}", quote_key(path), reason));
  problem.sample = SampleIdentity{-1, "", path, -1};
  throw FormatError(std::move(problem));
}

/// A running decoder. Ended, and waited for, when destroyed.
class Process {
 public:
  /// Throws EngineError (E001) if it cannot be started.
  explicit Process(const std::string& program) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      throw_not_started(program, errno);
    }
    socket_ = ends[0];
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], decode::kSocket);
    std::string name = program;
    std::array<char*, 2> arguments{name.data(), nullptr};
    const int error =
        ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (error == 0) return;
    ::close(socket_);
    throw_not_started(program, error);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    ::close(socket_);
    static_cast<void>(end());
  }

  int socket() const { return socket_; }

  /// Ends it and says how it ended: "signal 11 (Segmentation fault)".
  std::string end() {
    if (pid_ <= 0) return {};
    int status = 0;
    // One that is at work does not look at its socket; one that died is not harmed by this.
    if (::waitpid(pid_, &status, WNOHANG) == 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, &status, 0);
    }
    pid_ = -1;
    if (WIFSIGNALED(status)) {
      const int number = WTERMSIG(status);
      return fmt::format("signal {} ({})", number, ::strsignal(number));
    }
    return fmt::format("status {}", WEXITSTATUS(status));
  }

 private:
  [[noreturn]] static void throw_not_started(const std::string& program, int error) {
    throw EngineError(make_diagnostic(
        "E001",
        fmt::format("the program that decodes volumes cannot be started: {}", std::strerror(error)),
        {program}, "name it in the environment variable TENON_DECODE"));
  }

  pid_t pid_ = -1;
  int socket_ = -1;
};

/// Idle decoders. They end with this process.
class Pool {
 public:
  std::unique_ptr<Process> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto process = std::move(idle_.back());
        idle_.pop_back();
        return process;
      }
    }
    return std::make_unique<Process>(decode_program());
  }
  void give_back(std::unique_ptr<Process> process) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(process));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Process>> idle_;
};

Pool& pool() {
  static Pool shared;
  return shared;
}

Shape shape_of(const decode::Answer& answer) {
  return {answer.shape[0], answer.shape[1], answer.shape[2], answer.shape[3]};
}

/// The voxels as the decoder left them in memory, without a copy.
Tensor mapped(int descriptor, const decode::Answer& answer, const std::string& path) {
  const Shape shape = shape_of(answer);
  const auto bytes = static_cast<std::size_t>(shape.element_count()) * size_of(answer.dtype);
  void* address = ::mmap(nullptr, std::max<std::size_t>(bytes, 1), PROT_READ | PROT_WRITE,
                         MAP_SHARED, descriptor, 0);
  ::close(descriptor);
  if (address == MAP_FAILED) throw_volume_error(path, "there is no memory for its voxels");
  const std::shared_ptr<const void> owner(address, [bytes](const void* p) {
    ::munmap(const_cast<void*>(p), std::max<std::size_t>(bytes, 1));
  });
  Tensor volume = Tensor::view(address, answer.dtype, shape, owner);
  if (answer.geometry) volume.set_geometry(*answer.geometry);
  return volume;
}

struct Reply {
  decode::Answer answer;
  int descriptor = -1;  ///< The voxels; the caller's to close.
};

/// What a decoder says to `request` about the file at `path`.
Reply reply_to(const decode::Request& request, const std::string& path) {
  auto process = pool().take();
  std::optional<decode::Message> message;
  // An idle process that was ended from outside is no fault of this file.
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (decode::send_message(process->socket(), decode::to_bytes(request))) break;
    process = std::make_unique<Process>(decode_program());
  }
  message = decode::receive_message(process->socket(), kPatience);
  if (!message) {
    throw_volume_error(path, fmt::format("its reader ended with {}", process->end()));
  }
  auto answer = decode::answer_of(message->bytes);
  if (!answer) {
    if (message->descriptor >= 0) ::close(message->descriptor);
    throw_volume_error(path, fmt::format("{} is of another version of Tenon", decode_program()));
  }
  pool().give_back(std::move(process));
  if (!answer->problem.empty()) throw_volume_error(path, answer->problem);
  return {std::move(*answer), message->descriptor};
}

}  // namespace

Tensor decode_volume(const std::string& path, const std::string& series) {
  const Reply reply =
      reply_to({std::filesystem::absolute(path).string(), series, kMaxVolumeBytes}, path);
  return mapped(reply.descriptor, reply.answer, path);
}

VolumeHeader decode_volume_header(const std::string& path) {
  const Reply reply =
      reply_to({std::filesystem::absolute(path).string(), "", kMaxVolumeBytes, true}, path);
  if (reply.descriptor >= 0) ::close(reply.descriptor);
  return {reply.answer.dtype, shape_of(reply.answer), reply.answer.geometry};
}

}  // namespace tenon::readers
