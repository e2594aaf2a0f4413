#pragma once

#include <coroutine>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/npz.hpp"
#include "tenon/tensor.hpp"

namespace tenon {

/// Named tensors in the role that the type says. Made by inputs(), targets(), sample_weights().
/// They have constructors, not braces: g++ 12 miscompiles aggregates inside co_yield.
class Inputs {
 public:
  explicit Inputs(NamedTensors named) : tensors(std::move(named)) {}
  NamedTensors tensors;
};
class Targets {
 public:
  explicit Targets(NamedTensors named) : tensors(std::move(named)) {}
  NamedTensors tensors;
};
class SampleWeights {
 public:
  explicit SampleWeights(NamedTensors named) : tensors(std::move(named)) {}
  NamedTensors tensors;
};

namespace detail {
inline void append_pairs(NamedTensors&) {}
template <class... Rest>
void append_pairs(NamedTensors& out, std::string key, Tensor value, Rest&&... rest) {
  out.emplace_back(std::move(key), std::move(value));
  append_pairs(out, std::forward<Rest>(rest)...);
}
}  // namespace detail

/// inputs("Small", s, "Large", l): what Python writes as {'Small': s, 'Large': l}.
template <class... Pairs>
Inputs inputs(Pairs&&... pairs) {
  static_assert(sizeof...(Pairs) % 2 == 0, "inputs(key, tensor, key, tensor, …)");
  NamedTensors out;
  detail::append_pairs(out, std::forward<Pairs>(pairs)...);
  return Inputs(std::move(out));
}
/// targets("cell", y): for models with several outputs, or to be plain about one.
template <class... Pairs>
Targets targets(Pairs&&... pairs) {
  static_assert(sizeof...(Pairs) % 2 == 0, "targets(key, tensor, key, tensor, …)");
  NamedTensors out;
  detail::append_pairs(out, std::forward<Pairs>(pairs)...);
  return Targets(std::move(out));
}
/// sample_weights("cell", w): by output name.
template <class... Pairs>
SampleWeights sample_weights(Pairs&&... pairs) {
  static_assert(sizeof...(Pairs) % 2 == 0, "sample_weights(key, tensor, key, tensor, …)");
  NamedTensors out;
  detail::append_pairs(out, std::forward<Pairs>(pairs)...);
  return SampleWeights(std::move(out));
}

/// The key under which a dataset holds the sample weights of `output`: "sample_weight:cell"; those
/// of an unnamed weight are "sample_weight". (An output's own name is the key of its target.)
inline std::string weight_key(const std::string& output) {
  return output.empty() ? std::string("sample_weight") : "sample_weight:" + output;
}

/// What a generator yields: inputs, then targets (one unnamed tensor, or named ones), then weights.
class Example {
 public:
  Example() : inputs(NamedTensors{}) {}
  explicit Example(Inputs in) : inputs(std::move(in)) {}
  Example(Inputs in, Tensor target) : inputs(std::move(in)) {
    target_values.emplace_back(std::string(), std::move(target));
  }
  Example(Inputs in, Targets out) : inputs(std::move(in)), target_values(std::move(out.tensors)) {}
  Example(Inputs in, Targets out, SampleWeights weights)
      : inputs(std::move(in)),
        target_values(std::move(out.tensors)),
        weight_values(std::move(weights.tensors)) {}
  Example(Inputs in, Tensor target, Tensor weight) : Example(std::move(in), std::move(target)) {
    weight_values.emplace_back(std::string(), std::move(weight));
  }

  Inputs inputs;
  NamedTensors target_values;
  NamedTensors weight_values;
};

/// A C++20 coroutine that yields Examples:
///
///     Generator batches() {
///       for (;;) co_yield {inputs("Small", s, "Large", l), y};
///     }
///
/// (g++ 12 takes no braced list inside co_yield, as in Tensor(dtype, {2, 3}): make such a tensor in
/// a line before.) Move-only; owns the coroutine. An exception thrown inside arrives at next(). Not
/// thread-safe.
class Generator {
 public:
  struct promise_type {
    Example value;
    std::exception_ptr error;

    Generator get_return_object() {
      return Generator(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(Example example) {
      value = std::move(example);
      return {};
    }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { error = std::current_exception(); }
  };

  Generator() = default;
  Generator(Generator&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Generator& operator=(Generator&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;
  ~Generator() {
    if (handle_) handle_.destroy();
  }

  /// Runs to the next co_yield. False when the coroutine has ended. Rethrows what it threw.
  bool next(Example& example) {
    if (!handle_ || handle_.done()) return false;
    handle_.resume();
    if (handle_.promise().error) std::rethrow_exception(std::exchange(handle_.promise().error, {}));
    if (handle_.done()) return false;
    example = std::move(handle_.promise().value);
    return true;
  }

 private:
  explicit Generator(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

}  // namespace tenon
