#include "core/thread_count.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "tenon/error.hpp"

namespace tenon {

int num_cores() noexcept {
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

int most_threads() noexcept { return std::max(64, 4 * num_cores()); }

void check_threads(const std::string& where, const std::string& name, int threads) {
  if (threads < 0) {
    throw_argument_error(where, fmt::format("{} is {}", name, threads), "0 (one per core) or more");
  }
  if (threads > most_threads()) {
    throw_argument_error(where,
                         fmt::format("{} is {} where at most {} can be asked for here", name,
                                     threads, most_threads()),
                         fmt::format("0 (one per core: {}) to {}", num_cores(), most_threads()));
  }
}

void throw_no_thread(const std::string& what, const std::system_error& error) {
  throw EngineError(
      make_diagnostic("E001", fmt::format("{} cannot be started: {}", what, error.code().message()),
                      {}, "ask for fewer threads, or raise the limit on them (ulimit -u)"));
}

}  // namespace tenon
