#include "backend/api/guard.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ops/descriptor.hpp"
#include "tenon/error.hpp"

namespace tenon::backend {

bool writes_variable(const ops::Node& node) {
  const auto& ports = ops::descriptor(node.kind).inputs;
  return std::any_of(ports.begin(), ports.end(), [](const auto& port) { return port.written; });
}

std::size_t first_write(const ops::Program& program, const std::vector<ops::ValueId>& guarded) {
  const auto first = std::find_if(program.nodes.begin(), program.nodes.end(), writes_variable);
  for (auto node = first; node != program.nodes.end(); ++node) {
    for (const ops::ValueId id : node->outputs) {
      if (std::find(guarded.begin(), guarded.end(), id) == guarded.end()) continue;
      throw EngineError(make_diagnostic(
          "E001", fmt::format("`{}` is to be guarded, but a variable is written before it is made",
                              node->name)));
    }
  }
  return static_cast<std::size_t>(first - program.nodes.begin());
}

}  // namespace tenon::backend
