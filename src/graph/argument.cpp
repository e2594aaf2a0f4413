#include "graph/argument.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "core/name_list.hpp"
#include "graph/activations.hpp"

namespace tenon::graph {
namespace {

struct CollectNumbers {
  std::vector<double> numbers{};

  template <class T>
  requires std::is_arithmetic_v<T>
  void operator()(const T& value) { numbers.push_back(static_cast<double>(value)); }
  void operator()(const Pair& value) {
    (*this)(value.height);
    (*this)(value.width);
  }
  void operator()(const Triple& value) {
    for (const std::int64_t size : {value.depth, value.height, value.width}) (*this)(size);
  }
  void operator()(const Padding3D& value) {
    for (const std::int64_t side :
         {value.front, value.back, value.top, value.bottom, value.left, value.right}) {
      (*this)(side);
    }
  }
  void operator()(const Padding2D& value) {
    for (const std::int64_t side : {value.top, value.bottom, value.left, value.right}) {
      (*this)(side);
    }
  }
  template <class T>
  void operator()(const std::optional<T>& value) {
    if (value) (*this)(*value);
  }
  template <class T>
  requires std::is_arithmetic_v<T>
  void operator()(const std::vector<T>& values) {
    for (const T& value : values) (*this)(value);
  }
  void operator()(const Regularizer& value) {
    (*this)(value.l1);
    (*this)(value.l2);
  }
  void operator()(const auto&) {}
};

Rule numbers_rule(std::string expected, std::function<bool(double)> holds) {
  return {std::move(expected), [holds = std::move(holds)](const ArgumentReference& reference) {
            const std::vector<double> numbers = numbers_of(reference);
            return std::all_of(numbers.begin(), numbers.end(), holds);
          }};
}

}  // namespace

std::vector<double> numbers_of(const ArgumentReference& reference) {
  CollectNumbers collect;
  std::visit([&](const auto* value) { collect(*value); }, reference);
  return collect.numbers;
}

void copy_value(const ArgumentReference& from, const ArgumentReference& to) {
  std::visit([&](auto* value) { *std::get<decltype(value)>(to) = *value; }, from);
}

bool equal_values(const ArgumentReference& a, const ArgumentReference& b) {
  return std::visit([&](auto* value) { return *value == *std::get<decltype(value)>(b); }, a);
}

Rule at_least(double limit) {
  return numbers_rule(fmt::format("at least {}", limit),
                      [limit](double number) { return number >= limit; });
}

Rule more_than(double limit) {
  return numbers_rule(fmt::format("more than {}", limit),
                      [limit](double number) { return std::isfinite(number) && number > limit; });
}

Rule at_least_and_below(double low, double limit) {
  return numbers_rule(fmt::format("at least {} and below {}", low, limit),
                      [=](double number) { return number >= low && number < limit; });
}

Rule between(double low, double high) {
  return numbers_rule(fmt::format("from {} to {}", low, high),
                      [=](double number) { return number >= low && number <= high; });
}

Rule finite() {
  return numbers_rule("a finite number", [](double number) { return std::isfinite(number); });
}

Rule one_of(std::vector<std::string> words) {
  return {"one of " + list_names(words, words.size()),
          [words](const ArgumentReference& reference) {
            const auto* text = std::get_if<std::string*>(&reference);
            return text != nullptr && std::find(words.begin(), words.end(), **text) != words.end();
          },
          words};
}

Rule activation_word() { return one_of(activation_words()); }

}  // namespace tenon::graph
