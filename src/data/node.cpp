#include "data/node.hpp"

#include <fmt/format.h>

#include "tenon/error.hpp"

namespace tenon::data {

void throw_bad_state(const std::string& why) {
  throw FormatError(make_diagnostic("F001", "the saved position in the data cannot be used: " + why,
                                    {"expected: the text that state() of the same pipeline gave"},
                                    "start from the beginning of the data"));
}

std::uint64_t NodeState::number(const std::string& name) const {
  const auto at = numbers.find(name);
  if (at == numbers.end()) throw_bad_state(fmt::format("{} has no number \"{}\"", kind, name));
  return at->second;
}

void UpstreamNode::save(std::vector<NodeState>& states) const {
  upstream_->save(states);
  NodeState state;
  state.kind = kind_;
  write(state);
  states.push_back(std::move(state));
}

void UpstreamNode::load(std::span<const NodeState> states) {
  if (states.empty() || states.back().kind != kind_) {
    throw_bad_state(fmt::format("it has no state of {}", kind_));
  }
  upstream_->load(states.first(states.size() - 1));
  read(states.back());
}

}  // namespace tenon::data
