#include "graph/activations.hpp"

#include <span>

namespace tenon::graph {
namespace {

struct ActivationFacts {
  std::string word;
  ops::OpKind op = ops::OpKind::kActivation;
  ops::ActivationAttributes attributes{};
};

constexpr float kLeakySlope = 0.2F;  // of the word "leaky_relu"; the layer's default is 0.3
constexpr float kRelu6Limit = 6.0F;

ops::ActivationAttributes of_kind(ops::ActivationKind kind) {
  ops::ActivationAttributes attributes;
  attributes.kind = kind;
  return attributes;
}
ops::ActivationAttributes leaky() {
  ops::ActivationAttributes attributes = of_kind(ops::ActivationKind::kLeakyRelu);
  attributes.beta = kLeakySlope;
  return attributes;
}
ops::ActivationAttributes relu6() {
  ops::ActivationAttributes attributes = of_kind(ops::ActivationKind::kRelu);
  attributes.has_max_value = true;
  attributes.max_value = kRelu6Limit;
  return attributes;
}

std::span<const ActivationFacts> activation_table() {
  using enum ops::ActivationKind;
  static const std::vector<ActivationFacts> table = {
      {"relu", ops::OpKind::kActivation, of_kind(kRelu)},
      {"sigmoid", ops::OpKind::kActivation, of_kind(kSigmoid)},
      {"softmax", ops::OpKind::kSoftmax},
      {"tanh", ops::OpKind::kActivation, of_kind(kTanh)},
      {"elu", ops::OpKind::kActivation, of_kind(kElu)},
      {"gelu", ops::OpKind::kActivation, of_kind(kGelu)},
      {"silu", ops::OpKind::kActivation, of_kind(kSilu)},
      {"leaky_relu", ops::OpKind::kActivation, leaky()},
      {"linear", ops::OpKind::kActivation, of_kind(kLinear)},
      {"selu", ops::OpKind::kActivation, of_kind(kSelu)},
      {"softplus", ops::OpKind::kActivation, of_kind(kSoftplus)},
      {"softsign", ops::OpKind::kActivation, of_kind(kSoftsign)},
      {"exponential", ops::OpKind::kActivation, of_kind(kExponential)},
      {"relu6", ops::OpKind::kActivation, relu6()},
      {"hard_sigmoid", ops::OpKind::kActivation, of_kind(kHardSigmoid)},
      {"hard_silu", ops::OpKind::kActivation, of_kind(kHardSilu)},
      {"mish", ops::OpKind::kActivation, of_kind(kMish)},
      {"log_sigmoid", ops::OpKind::kActivation, of_kind(kLogSigmoid)},
      {"log_softmax", ops::OpKind::kLogSoftmax},
  };
  return table;
}

struct OtherName {
  std::string_view name;
  std::string_view word;
};
constexpr OtherName kOtherNames[] = {{"swish", "silu"}, {"hard_swish", "hard_silu"}};

const ActivationFacts* find(const std::string& word) {
  const std::string canonical = canonical_activation(word);
  for (const ActivationFacts& facts : activation_table()) {
    if (facts.word == canonical) return &facts;
  }
  return nullptr;
}

}  // namespace

bool is_activation(std::string_view word) { return find(std::string(word)) != nullptr; }

std::vector<std::string> activation_words() {
  std::vector<std::string> words;
  for (const ActivationFacts& facts : activation_table()) words.push_back(facts.word);
  for (const OtherName& other : kOtherNames) words.emplace_back(other.name);
  return words;
}

std::string canonical_activation(const std::string& word) {
  for (const OtherName& other : kOtherNames) {
    if (other.name == word) return std::string(other.word);
  }
  return word;
}

ops::ValueId append_activation(ops::Builder& builder, const std::string& word, ops::ValueId value,
                               const std::string& node_name) {
  const ActivationFacts& facts = *find(word);
  if (facts.op != ops::OpKind::kActivation) {
    const int last = builder.shape(value).rank() - 1;
    return builder.apply(facts.op, ops::AxisAttributes{last}, {value}, node_name);
  }
  if (facts.attributes.kind == ops::ActivationKind::kLinear) return value;
  return builder.apply(facts.op, facts.attributes, {value}, node_name);
}

}  // namespace tenon::graph
