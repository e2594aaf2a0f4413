#include "train/callbacks/state_writer.hpp"

#include "tenon/error.hpp"
#include "tenon/message.hpp"

namespace tenon::train {

StateWriter::~StateWriter() {
  if (writing_.valid()) writing_.wait();
}

void StateWriter::start(std::function<void()> write) {
  finish();
  writing_ = std::async(std::launch::async, std::move(write));
}

void StateWriter::finish() {
  if (!writing_.valid()) return;
  try {
    writing_.get();
    problem_.reset();
  } catch (const FormatError& error) {
    if (!problem_) warn_of(error, note_);
    problem_ = error.diagnostics().front();
  }
}

void warn_of(const FormatError& error, const std::string& note) {
  Diagnostic warning = error.diagnostics().front();
  warning.severity = Severity::kWarning;
  warning.notes.push_back(note);
  emit(warning);
}

}  // namespace tenon::train
