#pragma once

#include <array>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <utility>

#include "tenon/detail/key_errors.hpp"
#include "tenon/generator.hpp"

namespace tenon::typed {

/// Tensors, each under a key; made by values().
template <Key... Keys>
class Values {
 public:
  template <class... Given>
  explicit Values(Given&&... given) : tensors_{Tensor(std::forward<Given>(given))...} {}
  template <std::size_t I>
  Tensor& at() {
    return tensors_[I];
  }

 private:
  std::array<Tensor, sizeof...(Keys)> tensors_;
};

/// values<Small, Large, label>(small, large, y): what a typed::Generator yields.
template <Key... Keys, class... Given>
Values<Keys...> values(Given&&... given) {
  static_assert(sizeof...(Keys) == sizeof...(Given), "values<Key, Key, …>(tensor, tensor, …)");
  return Values<Keys...>(std::forward<Given>(given)...);
}

namespace detail {

template <class... What>
struct GeneratorDoesNotYield {
  static_assert(
      kHolds<What...>,
      "tenon: a generator does not yield a key that its type declares (see MissingKey and "
      "NearestKey)");
};
template <class... What>
struct GeneratorDoesNotDeclare {
  static_assert(kHolds<What...>,
                "tenon: a generator yields a key that its type does not declare (see MissingKey "
                "and NearestKey)");
};

/// In a generator a key alone is an input.
template <class E>
struct Yielded {
  using Type = AsInput<E>;
};
template <class K>
struct Yielded<AsTarget<K>> {
  using Type = AsTarget<K>;
};
template <class K>
struct Yielded<AsWeight<K>> {
  using Type = AsWeight<K>;
};
template <class K>
struct Yielded<AsInput<K>> {
  using Type = AsInput<K>;
};

/// Adds a value in the role of its key.
void put_value(Example& example, const DeclaredKey& key, Tensor value);

/// The values of a generator of `Entries`, in the order of the entries.
template <class... Entries, class... Keys>
Example example_of(List<Entries...>, Values<Keys...> values) {
  require_distinct<List<Keys...>>();
  require_keys<GeneratorDoesNotDeclare, List<Entries...>, Keys...>();
  require_keys<GeneratorDoesNotYield, List<Keys...>, typename Entry<Entries>::KeyType...>();
  Example example;
  const auto put = [&]<class E>(List<E>) {
    constexpr const DeclaredKey& kDeclared = Entry<E>::kDeclared;
    constexpr std::size_t kAt = find_name(kNames<Keys...>, kDeclared.name);
    if constexpr (kAt != kNoKey) {
      put_value(example, kDeclared, std::move(values.template at<kAt>()));
    }
  };
  (put(List<Entries>()), ...);
  return example;
}

}  // namespace detail

/// A coroutine like tenon::Generator, whose type says what it yields. `Entries` are inputs, or
/// AsTarget<K> and AsWeight<K>; AsTarget<Unnamed> is the one target without a name:
///
///     typed::Generator<Small, Large, typed::AsTarget<label>> batches() {
///       for (;;) co_yield typed::values<Small, Large, label>(small, large, y);
///     }
///
/// A value that is not declared, or a declared one that is not yielded, does not compile.
/// Move-only; owns the coroutine. Not thread-safe.
template <class... Entries>
class Generator {
 public:
  using Keys = detail::List<typename detail::Yielded<Entries>::Type...>;

  struct promise_type {
    Example value;
    std::exception_ptr error;

    Generator get_return_object() {
      return Generator(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    template <class... Yielded>
    std::suspend_always yield_value(Values<Yielded...> values) {
      value = detail::example_of(Keys(), std::move(values));
      return {};
    }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { error = std::current_exception(); }
  };

  Generator(Generator&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Generator& operator=(Generator&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;
  ~Generator() {
    if (handle_) handle_.destroy();
  }

  /// The same elements without the types, for Dataset::from_generator; this one is then empty.
  tenon::Generator untyped() && { return hand_on(std::move(*this)); }

 private:
  explicit Generator(std::coroutine_handle<promise_type> handle) : handle_(handle) {}

  static tenon::Generator hand_on(Generator own) {
    Example example;
    while (own.next(example)) co_yield std::move(example);
  }
  bool next(Example& example) {
    if (!handle_ || handle_.done()) return false;
    handle_.resume();
    if (handle_.promise().error) std::rethrow_exception(std::exchange(handle_.promise().error, {}));
    if (handle_.done()) return false;
    example = std::move(handle_.promise().value);
    return true;
  }

  std::coroutine_handle<promise_type> handle_;
};

}  // namespace tenon::typed
