#pragma once

namespace tenon {

/// A place in a user's program, or in an experiment file. Taken as a defaulted argument:
/// `void f(SourceLocation location = SourceLocation::current())` names the caller's line.
/// (std::source_location is missing in clang 14 with libstdc++ 12.)
struct SourceLocation {
  const char* file = "";  ///< Static storage, or kept alive by `intern_file`.
  int line = 0;           ///< From 1; 0 means unknown.

  static constexpr SourceLocation current(const char* file = __builtin_FILE(),
                                          int line = __builtin_LINE()) noexcept {
    return {file, line};
  }
  constexpr bool known() const noexcept { return line > 0; }
};

/// A copy of `path` that lives as long as the process; equal paths share one. Thread-safe.
const char* intern_file(const char* path);

}  // namespace tenon
