#pragma once

#include <optional>
#include <string>
#include <system_error>

#include "tenon/diagnostic.hpp"

namespace tenon {

/// One per core; at least 1.
int num_cores() noexcept;

/// The most threads that may be asked for: 64, or 4 per core where that is more. More are a slip of
/// the keyboard, and some libraries end the process when the system gives none.
int most_threads() noexcept;

/// A001 that begins with `where`, unless check_threads() would let `threads` pass.
std::optional<Diagnostic> thread_problem(const std::string& where, const std::string& name,
                                         int threads);
/// Throws ContractError (A001) that begins with `where` unless `threads` (the value of an argument
/// `name`) is from 0, which stands for one per core, to most_threads().
void check_threads(const std::string& where, const std::string& name, int threads);

/// Throws EngineError (E001): `what` could not be started.
[[noreturn]] void throw_no_thread(const std::string& what, const std::system_error& error);

}  // namespace tenon
