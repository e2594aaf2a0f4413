// tenon-decode: reads volumes for the library in a process of its own, so that a damaged file that
// brings its reader down is one bad sample. It is started by the library and talks over a socket.
#include <fcntl.h>
#include <itkObject.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <thread>

#include "io/decode/itk_volume.hpp"

namespace {

bool is_socket(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
}

/// What the readers print is not for the user's terminal, and a crash is expected: no core file.
void keep_quiet() {
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nowhere, standard);
  itk::Object::SetGlobalWarningDisplay(false);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  // Ctrl-C is for the process that asked; this one ends with it.
  std::signal(SIGINT, SIG_IGN);
}

/// Ends this process when the one that asks is gone, also in the middle of a file. (The system's
/// signal of a parent's death comes when the thread ends that started this one.)
void end_with_the_other_side() {
  std::thread([] {
    pollfd other{tenon::decode::kSocket, 0, 0};
    while (::poll(&other, 1, -1) < 0 && errno == EINTR) {
    }
    ::_exit(0);
  }).detach();
}

}  // namespace

int main() {
  namespace decode = tenon::decode;
  if (!is_socket(decode::kSocket)) {
    std::fputs("tenon-decode: it is started by programs that use Tenon, not by hand\n", stderr);
    return 2;
  }
  keep_quiet();
  end_with_the_other_side();
  while (const auto message = decode::receive_message(decode::kSocket)) {
    const auto request = decode::request_of(message->bytes);
    if (!request) return 2;
    const decode::Decoded decoded = decode::decode_volume(*request);
    const bool sent =
        decode::send_message(decode::kSocket, decode::to_bytes(decoded.answer), decoded.descriptor);
    if (decoded.descriptor >= 0) ::close(decoded.descriptor);
    if (!sent) return 1;
  }
  return 0;
}
