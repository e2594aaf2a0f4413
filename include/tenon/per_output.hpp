#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace tenon {

namespace detail {
struct NoElement {};
template <class T>
struct ElementOf {
  using type = NoElement;
};
template <class E>
struct ElementOf<std::vector<E>> {
  using type = E;
};
}  // namespace detail

/// Something that is given once for a model with one output, or by output name. Never by position.
///   .loss = "mse"      .loss = {{"cell", "sparse_categorical_crossentropy"}, {"age", "mse"}}
template <class T>
class PerOutput {
 public:
  PerOutput() = default;
  PerOutput(T single) : single_(std::move(single)) {}  // NOLINT(google-explicit-constructor)
  // NOLINTBEGIN(google-explicit-constructor, bugprone-forwarding-reference-overload)
  template <class U>
  requires(std::is_constructible_v<T, U> && !std::is_same_v<std::decay_t<U>, PerOutput> &&
           !std::is_same_v<std::decay_t<U>, T>) PerOutput(U&& single)
      : single_(T(std::forward<U>(single))) {}
  // NOLINTEND(google-explicit-constructor, bugprone-forwarding-reference-overload)
  /// A list for the one output: .metrics = {"accuracy", "auc"}.
  PerOutput(std::initializer_list<typename detail::ElementOf<T>::type> elements) requires(
      !std::is_same_v<typename detail::ElementOf<T>::type, detail::NoElement>)
      : single_(T(elements)) {}
  PerOutput(std::initializer_list<std::pair<std::string, T>> by_name) : by_name_(by_name) {}
  explicit PerOutput(std::vector<std::pair<std::string, T>> by_name)
      : by_name_(std::move(by_name)) {}

  bool empty() const noexcept { return !single_ && by_name_.empty(); }
  const std::optional<T>& single() const noexcept { return single_; }
  const std::vector<std::pair<std::string, T>>& by_name() const noexcept { return by_name_; }

 private:
  std::optional<T> single_;
  std::vector<std::pair<std::string, T>> by_name_;
};

}  // namespace tenon
