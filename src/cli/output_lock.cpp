#include "cli/output_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tenon/error.hpp"

namespace tenon::cli {

OutputLock::OutputLock(const std::string& folder)
    : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0)
    throw_file_error(folder, std::string("cannot be opened: ") + std::strerror(errno));
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  ::close(descriptor_);
  throw_file_error(folder, "another training is writing into it", "a folder of its own",
                   "wait until that has ended, or give another [fit] output");
}

OutputLock::~OutputLock() { ::close(descriptor_); }

}  // namespace tenon::cli
