#pragma once

#include <concepts>
#include <span>
#include <utility>

#include "tenon/detail/declaration.hpp"
#include "tenon/detail/key_join.hpp"
#include "tenon/model.hpp"
#include "tenon/typed_dataset.hpp"
#include "tenon/typed_generator.hpp"

namespace tenon::typed {

template <Key... Names>
struct Inputs {};
/// Outputs of a model: keys, or Untrained<K> for one without a loss, which needs no target.
template <class... Names>
struct Outputs {};
template <Key K>
struct Untrained {};

namespace detail {

/// What an output asks of data.
template <class K>
struct OutputEntry {
  using KeyType = K;
  using Wishes = List<Wish<Role::kTarget, K>>;
};
template <class K>
struct OutputEntry<Untrained<K>> {
  using KeyType = K;
  using Wishes = List<>;
};

template <class... A, class... B>
List<A..., B...> operator+(List<A...>, List<B...>) {
  return {};
}

/// Throws KeyError unless these are the names of the model's inputs and outputs.
void require_ports(const tenon::Model& model, std::span<const DeclaredKey> inputs,
                   std::span<const DeclaredKey> outputs, SourceLocation location);
// Model's functions, called out of line so that a program that uses types is not longer for them.
/// `validation` may be null.
History fit_untyped(tenon::Model& model, const tenon::Dataset& data,
                    const tenon::Dataset* validation, FitArguments&& arguments,
                    SourceLocation location);
Logs evaluate_untyped(tenon::Model& model, const tenon::Dataset& data,
                      EvaluateArguments&& arguments, SourceLocation location);
PredictResult predict_untyped(tenon::Model& model, const tenon::Dataset& data,
                              PredictArguments&& arguments, SourceLocation location);

}  // namespace detail

template <class InputKeys, class OutputKeys>
class Model;

/// A model and the names of its inputs and outputs. fit, fit_generator, evaluate and predict take
/// typed data only, and fail to compile where an input or a trained output has no key in them; then
/// they do what those of tenon::Model do, with all their checks.
///
///     typed::Model<typed::Inputs<Small, Large>, typed::Outputs<label>> model(two_scale());
///
/// The layers between are not part of the type. A handle, like tenon::Model.
template <class... InputKeys, class... OutputKeys>
class Model<Inputs<InputKeys...>, Outputs<OutputKeys...>> {
 public:
  using Here = SourceLocation;

  /// Throws KeyError (K007, K010) unless these are the names of the model's inputs and outputs.
  explicit Model(tenon::Model model, Here location = Here::current()) : model_(std::move(model)) {
    using Names = detail::List<typename detail::OutputEntry<OutputKeys>::KeyType...>;
    detail::require_ports(model_, detail::kFacts<detail::List<InputKeys...>>, detail::kFacts<Names>,
                          location);
  }

  tenon::Model& untyped() noexcept { return model_; }
  const tenon::Model& untyped() const noexcept { return model_; }

  void compile(CompileArguments arguments, Here location = Here::current()) {
    model_.compile(std::move(arguments), location);
  }
  template <class... Entries>
  History fit(const Dataset<Entries...>& data, FitArguments arguments = {},
              Here location = Here::current()) {
    detail::require_wishes<Trained, detail::List<Entries...>>();
    return detail::fit_untyped(model_, data.untyped(), nullptr, std::move(arguments), location);
  }
  /// With validation data that are typed, too; they take the place of arguments.validation_data.
  template <class... Entries, class... ValidationEntries>
  History fit(const Dataset<Entries...>& data, const Dataset<ValidationEntries...>& validation,
              FitArguments arguments = {}, Here location = Here::current()) {
    detail::require_wishes<Trained, detail::List<Entries...>>();
    detail::require_wishes<Trained, detail::List<ValidationEntries...>>();
    return detail::fit_untyped(model_, data.untyped(), &validation.untyped(), std::move(arguments),
                               location);
  }
  template <class... Entries>
  History fit_generator(Generator<Entries...> generator, FitArguments arguments = {},
                        Here location = Here::current()) {
    using Yielded = typename Generator<Entries...>::Keys;
    detail::require_wishes<Trained, Yielded>();
    return model_.fit_generator(std::move(generator).untyped(), std::move(arguments), location);
  }
  template <class... Entries>
  Logs evaluate(const Dataset<Entries...>& data, EvaluateArguments arguments = {},
                Here location = Here::current()) {
    detail::require_wishes<Trained, detail::List<Entries...>>();
    return detail::evaluate_untyped(model_, data.untyped(), std::move(arguments), location);
  }
  /// Needs no targets.
  template <class... Entries>
  PredictResult predict(const Dataset<Entries...>& data, PredictArguments arguments = {},
                        Here location = Here::current()) {
    detail::require_wishes<Needed, detail::List<Entries...>>();
    return detail::predict_untyped(model_, data.untyped(), std::move(arguments), location);
  }

  // Data without types are refused with a word on what to do.
  template <std::same_as<tenon::Dataset> D>
  History fit(const D&, const FitArguments& = {}) {
    return refused<D>();
  }
  template <std::same_as<tenon::Generator> G>
  History fit_generator(G, const FitArguments& = {}) {
    return refused<G>();
  }
  template <std::same_as<tenon::Dataset> D>
  Logs evaluate(const D&, const EvaluateArguments& = {}) {
    return refused<D>();
  }
  template <std::same_as<tenon::Dataset> D>
  PredictResult predict(const D&, const PredictArguments& = {}) {
    return refused<D>();
  }

 private:
  using Needed = detail::List<detail::Wish<Role::kInput, InputKeys>...>;
  using Trained = decltype((Needed() + ... + typename detail::OutputEntry<OutputKeys>::Wishes()));

  template <class Untyped>
  struct Refused {
    static_assert(kHolds<Untyped>,
                  "tenon: a typed model takes typed data: typed::Dataset<Keys...>(dataset), or a "
                  "typed::Generator<Keys...>");
    template <class Anything>
    operator Anything() const;  // NOLINT(google-explicit-constructor): no second error.
  };
  template <class Untyped>
  static Refused<Untyped> refused();

  tenon::Model model_;
};

}  // namespace tenon::typed
