#pragma once

#include <functional>
#include <string>

#include "tenon/diagnostic.hpp"

namespace tenon {

/// Where the library's messages go. It never prints itself: progress, warnings and notes are handed
/// to the sink, which the command's progress bar and printers listen to. The default drops notes
/// and keeps nothing.
using MessageSink = std::function<void(const Diagnostic&)>;

/// Sets the process's sink and returns the one before it. Thread-safe; the sink is called from the
/// thread that has something to say, one call at a time.
MessageSink set_message_sink(MessageSink sink);

/// Hands a message to the sink.
void emit(const Diagnostic& message);

}  // namespace tenon
