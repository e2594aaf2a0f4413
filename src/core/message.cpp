#include "tenon/message.hpp"

#include <memory>
#include <mutex>
#include <utility>

namespace tenon {
namespace {

/// `calls` is recursive, so that a sink may itself emit; `sink_lock` guards only the pointer.
struct MessageState {
  std::recursive_mutex calls;
  std::mutex sink_lock;
  std::shared_ptr<const MessageSink> sink = std::make_shared<const MessageSink>();
};

MessageState& state() {
  // Leaked on purpose: threads may still speak while static objects are being destroyed.
  static auto* const instance = new MessageState;
  return *instance;
}

}  // namespace

MessageSink set_message_sink(MessageSink sink) {
  auto next = std::make_shared<const MessageSink>(std::move(sink));
  const std::lock_guard lock(state().sink_lock);
  return *std::exchange(state().sink, std::move(next));
}

void emit(const Diagnostic& message) {
  const std::lock_guard one_at_a_time(state().calls);
  std::shared_ptr<const MessageSink> sink;
  {
    const std::lock_guard lock(state().sink_lock);
    sink = state().sink;
  }
  if (*sink) (*sink)(message);
}

}  // namespace tenon
