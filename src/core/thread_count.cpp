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

std::optional<Diagnostic> thread_problem(const std::string& where, const std::string& name,
                                         int threads) {
  if (threads >= 0 && threads <= most_threads()) return std::nullopt;
  if (threads < 0) {
    return make_diagnostic("A001", fmt::format("{}: {} is {}", where, name, threads),
                           {"expected: 0 (one per core) or more"});
  }
  return make_diagnostic(
      "A001",
      fmt::format("{}: {} is {} where at most {} can be asked for here", where, name, threads,
                  most_threads()),
      {fmt::format("expected: 0 (one per core: {}) to {}", num_cores(), most_threads())});
}

void check_threads(const std::string& where, const std::string& name, int threads) {
  if (auto problem = thread_problem(where, name, threads)) throw ContractError(std::move(*problem));
}

void throw_no_thread(const std::string& what, const std::system_error& error) {
  throw EngineError(
      make_diagnostic("E001", fmt::format("{} cannot be started: {}", what, error.code().message()),
                      {}, "ask for fewer threads, or raise the limit on them (ulimit -u)"));
}

}  // namespace tenon
