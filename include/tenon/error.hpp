#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "tenon/diagnostic.hpp"

namespace tenon {

/// Base of everything the library throws on user input. what() is the diagnostics' text without
/// colour. The library never prints, exits or aborts on user input.
class Error : public std::runtime_error {
 public:
  explicit Error(std::vector<Diagnostic> diagnostics);
  explicit Error(Diagnostic diagnostic);
  /// Never empty; the most fundamental first.
  const std::vector<Diagnostic>& diagnostics() const noexcept { return diagnostics_; }
  /// The code of the first.
  const std::string& code() const noexcept { return diagnostics_.front().code; }

 private:
  std::vector<Diagnostic> diagnostics_;
};

/// Data and model do not fit, or a name, argument or call is wrong.
class ContractError : public Error {
 public:
  using Error::Error;
};
/// … because of a key (K…).
class KeyError : public ContractError {
 public:
  using ContractError::ContractError;
};
/// … because of a shape or a dtype (S…, D…).
class ShapeError : public ContractError {
 public:
  using ContractError::ContractError;
};
/// The model itself is wrong (M…).
class ModelError : public ContractError {
 public:
  using ContractError::ContractError;
};
/// A file is missing, damaged, hostile or over a limit (F001), or an experiment file is wrong
/// (C001).
class FormatError : public Error {
 public:
  using Error::Error;
};
/// Reading or preprocessing failed while running (G…, D002).
class DataError : public Error {
 public:
  using Error::Error;
};
/// An engine is missing or cannot do what was asked (E001).
class EngineError : public Error {
 public:
  using Error::Error;
};

/// Throws ContractError with code A001 ("an argument is outside of what is taken"): `where` is the
/// call ("Conv2D"), then what came, what was expected, and what to do.
[[noreturn]] void throw_argument_error(const std::string& where, const std::string& came,
                                       const std::string& expected, const std::string& fix = "");
/// Throws FormatError with code F001 for `file`.
[[noreturn]] void throw_file_error(const std::string& file, const std::string& what,
                                   const std::string& expected = "", const std::string& fix = "");

}  // namespace tenon
