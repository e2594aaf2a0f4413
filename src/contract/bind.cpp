#include "contract/key_problems.hpp"
#include "contract/wanted.hpp"
#include "tenon/error.hpp"

namespace tenon::contract {

Binding bind(const TrainingInterface& interface, const Schema& schema) {
  const Join joined = join(interface, schema);
  Binding binding;
  binding.targets.resize(interface.outputs.size());
  binding.weights.resize(interface.outputs.size());
  const auto output_index = [&](const Wanted& wish) {
    return static_cast<std::size_t>(wish.output - interface.outputs.data());
  };
  for (const Wanted& wish : joined.wanted) {
    if (!wish.slot) {
      throw KeyError(make_diagnostic(
          wish.role == Role::kInput ? "K001" : "K011",
          std::string(title_of(wish.role)) + " " + quote_key(wish.port) + " has no data", {},
          "call check() for the whole story"));
    }
    if (wish.role == Role::kInput) binding.inputs.push_back(*wish.slot);
    if (wish.role == Role::kTarget) binding.targets[output_index(wish)] = wish.slot;
    if (wish.role == Role::kWeight) binding.weights[output_index(wish)] = wish.slot;
  }
  return binding;
}

}  // namespace tenon::contract
