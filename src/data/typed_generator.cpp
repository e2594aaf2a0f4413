#include "tenon/typed_generator.hpp"

#include <string>
#include <string_view>

namespace tenon::typed::detail {
namespace {

/// The output that a key as weight_key() gives it belongs to.
std::string_view weighted_output(std::string_view key) {
  constexpr std::string_view kPrefix = "sample_weight";
  if (key.starts_with(kPrefix)) key.remove_prefix(kPrefix.size());
  if (key.starts_with(':')) key.remove_prefix(1);
  return key;
}

}  // namespace

void put_value(Example& example, const DeclaredKey& key, Tensor value) {
  const std::string_view text = key.name.text;
  if (key.role == Role::kInput) {
    example.inputs.tensors.emplace_back(text, std::move(value));
  } else if (key.role == Role::kWeight) {
    example.weight_values.emplace_back(weighted_output(text), std::move(value));
  } else {
    example.target_values.emplace_back(text, std::move(value));
  }
}

}  // namespace tenon::typed::detail
