#pragma once

#include <exception>
#include <string>

namespace tenon::dist {

/// What ended a rank, as text for the others: an Error with its class and its diagnostics (code,
/// message, place, sample, stage, notes, fixes; tables of keys are left out).
std::string failure_text(const std::exception_ptr& why);

/// Throws what failure_text() told, with a note more.
[[noreturn]] void throw_failure(const std::string& text, const std::string& note);

}  // namespace tenon::dist
