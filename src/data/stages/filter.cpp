#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "data/arguments.hpp"
#include "data/numeric.hpp"
#include "data/observe.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/named_stage.hpp"
#include "data/stages/per_key_stage.hpp"
#include "data/stream_stage.hpp"

namespace tenon::data {
namespace {

class FunctionFilter final : public NamedStage<FilterStage>, public ObservableStage {
 public:
  FunctionFilter(Keep keep, SourceLocation location)
      : NamedStage("filter", location), keep_(std::move(keep)) {}

  bool opaque() const noexcept override { return observation_ == nullptr; }
  bool hides_keys() const noexcept override { return false; }
  std::shared_ptr<const Stage> observe(const Record& before,
                                       const ObservedPlace& place) const override {
    Record shown = before;
    auto observed = std::make_shared<FunctionFilter>(*this);
    observed->observation_ = std::make_shared<const Observation>(observe_function(
        [this](Record& record) { static_cast<void>(keep_(record)); }, shown, place));
    return observed;
  }

  void edit(SchemaEditor& editor) const override {
    if (observation_) require_observed(*observation_, editor);
  }
  Keep bind(std::shared_ptr<const Schema>) const override {
    if (!observation_) return keep_;
    return [this](const Record& record) {
      bool kept = false;
      run_observed([&] { kept = keep_(record); }, *observation_, record);
      return kept;
    };
  }
  std::string arguments() const override { return "function"; }

 private:
  Keep keep_;
  std::shared_ptr<const Observation> observation_;
};

class KeyFilter final : public NamedStage<FilterStage> {
 public:
  KeyFilter(std::string key, FilterOptions options, SourceLocation location)
      : NamedStage("filter", location), key_(std::move(key)), options_(std::move(options)) {}

  void edit(SchemaEditor& editor) const override {
    const TensorSpec* spec = editor.require(key_);
    if (spec == nullptr) return;
    if (editor.batched()) {
      editor.problem(make_diagnostic("A001",
                                     "filter looks at samples, and the data are in batches here",
                                     {}, "put filter before batch"));
    } else if (spec->dtype == DType::kString && (options_.min || options_.max)) {
      Diagnostic problem = make_diagnostic(
          "D001",
          fmt::format("filter compares {} with numbers, and it holds text", quote_key(key_)), {},
          "name the texts in `in`");
      problem.keys.push_back({key_, Role::kData, {}, *spec, {}});
      editor.problem(std::move(problem));
    }
  }

  Keep bind(std::shared_ptr<const Schema> in) const override {
    const std::size_t slot = in->slot(key_);
    return [this, slot](const Record& record) { return keeps(record[slot]); };
  }

  std::optional<ByText> by_text() const override {
    return ByText{key_, [options = options_](const std::string& text) {
                    return is_listed(options, text) && is_between(options, number_of(text));
                  }};
  }

  std::string arguments() const override {
    const auto bound = [](const std::optional<double>& value) {
      return value ? fmt::format("{}", *value) : std::string("none");
    };
    return fmt::format("key={}, in=[{}], min={}, max={}", quote_key(key_), join_texts(options_.in),
                       bound(options_.min), bound(options_.max));
  }

 private:
  bool keeps(const Tensor& value) const {
    if (value.size() != 1) {
      throw DataError(make_diagnostic(
          "S002", fmt::format("filter: {} is {}", quote_key(key_), value.shape().to_string()),
          {"expected: one value"}));
    }
    if (!options_.in.empty() && !is_listed(options_, element_text(value, 0))) return false;
    if (!options_.min && !options_.max) return true;
    return is_between(options_, scalar_number(value, key_));
  }

  static bool is_listed(const FilterOptions& options, const std::string& text) {
    return options.in.empty() || std::ranges::find(options.in, text) != options.in.end();
  }
  static bool is_between(const FilterOptions& options, double number) {
    return (!options.min || number >= *options.min) && (!options.max || number <= *options.max);
  }
  /// NaN, which is between no bounds, for what is no number.
  static double number_of(const std::string& text) {
    double number = std::numeric_limits<double>::quiet_NaN();
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }

  std::string key_;
  FilterOptions options_;
};

}  // namespace

StageEntry filter_entry() {
  return {"filter",
          "keeps samples by the value of one key",
          {{"key", ArgumentType::kText, true, "", "the key that is looked at"},
           {"in", ArgumentType::kAny, false, "[]", "kept if the value is one of these"},
           {"min", ArgumentType::kNumber, false, "", "kept from this value on"},
           {"max", ArgumentType::kNumber, false, "", "kept up to this value"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("filter", given);
            FilterOptions options;
            if (arguments.has("in")) options.in = arguments.any_texts("in");
            if (arguments.has("min")) options.min = arguments.number("min", 0.0);
            if (arguments.has("max")) options.max = arguments.number("max", 0.0);
            return dataset.filter(arguments.text("key"), std::move(options), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::filter(std::function<bool(const Record&)> keep, Here location) const {
  if (!keep) throw_argument_error("filter", "no function", "a function that says what is kept");
  return stage(std::make_shared<data::FunctionFilter>(std::move(keep), location));
}

Dataset Dataset::filter(std::string key, FilterOptions options, Here location) const {
  if (options.in.empty() && !options.min && !options.max) {
    throw_argument_error("filter", "no condition", "in, min or max");
  }
  return stage(std::make_shared<data::KeyFilter>(std::move(key), std::move(options), location));
}

}  // namespace tenon
