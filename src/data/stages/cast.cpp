#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "core/word_error.hpp"
#include "data/arguments.hpp"
#include "data/numeric.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/per_key_stage.hpp"

namespace tenon::data {
namespace {

/// True if `value` has a place in To: integers exactly, floats within the range (they may be
/// rounded).
template <class To, class From>
bool fits(From value) {
  if constexpr (std::is_same_v<To, bool>) {
    return widen(value) == 0 || widen(value) == 1;
  } else if constexpr (std::is_integral_v<To> && std::is_integral_v<From>) {
    const auto wide = static_cast<std::int64_t>(value);
    return wide >= static_cast<std::int64_t>(std::numeric_limits<To>::min()) &&
           wide <= static_cast<std::int64_t>(std::numeric_limits<To>::max());
  } else if constexpr (std::is_integral_v<To>) {
    const auto wide = static_cast<double>(widen(value));
    constexpr double low = static_cast<double>(std::numeric_limits<To>::min());
    constexpr double high = static_cast<double>(std::numeric_limits<To>::max() / 2 + 1) * 2;
    return wide >= low && wide < high && std::floor(wide) == wide;
  } else {
    const auto wide = static_cast<double>(widen(value));
    if (!std::isfinite(wide)) return true;
    if constexpr (std::is_same_v<To, BFloat16>) {
      return std::isfinite(static_cast<float>(BFloat16(static_cast<float>(wide))));
    } else {
      return std::abs(wide) <= static_cast<double>(std::numeric_limits<To>::max());
    }
  }
}

/// The first element that has no place in `dtype`; -1 if all have.
std::int64_t first_misfit(const Tensor& value, DType dtype) {
  return with_number_type(value.dtype(), [&](auto from) {
    using From = decltype(from);
    const auto elements = value.data<From>();
    return with_number_type(dtype, [&](auto to) -> std::int64_t {
      using To = decltype(to);
      for (std::size_t i = 0; i < elements.size(); ++i) {
        if (!fits<To>(elements[i])) return static_cast<std::int64_t>(i);
      }
      return -1;
    });
  });
}

class CastStage final : public PerKeyStage {
 public:
  CastStage(Keys keys, DType dtype, SourceLocation location)
      : PerKeyStage("cast", std::move(keys), location), dtype_(dtype) {}

 protected:
  TensorSpec spec_after(const TensorSpec& spec, std::string& problem) const override {
    if (spec.dtype == DType::kString && dtype_ != DType::kString) {
      problem = "it holds text; encode turns it into numbers";
    } else if (spec.dtype != DType::kString && dtype_ == DType::kString) {
      problem = "numbers are not turned into text";
    }
    TensorSpec after = spec;
    after.dtype = dtype_;
    if (is_floating(dtype_)) after.range = implied_range(spec);
    return after;
  }

  Tensor apply(const Tensor& value, const ValueContext& context) const override {
    if (value.dtype() == dtype_) return value;
    if (!converts_without_loss(value.dtype(), dtype_)) {
      const std::int64_t misfit = first_misfit(value, dtype_);
      if (misfit >= 0) throw_misfit(value, misfit, context);
    }
    return value.cast(dtype_);
  }

  bool pointwise(const TensorSpec& spec) const override {
    return converts_without_loss(spec.dtype, dtype_);
  }

  std::string more_arguments() const override { return fmt::format("dtype={}", name_of(dtype_)); }

 private:
  [[noreturn]] void throw_misfit(const Tensor& value, std::int64_t at,
                                 const ValueContext& context) const {
    Diagnostic diagnostic =
        make_diagnostic("D001",
                        fmt::format("{}: the value {} is no {}", quote_key(context.key),
                                    element_text(value, at), name_of(dtype_)),
                        {fmt::format("it is element {} of {} {}", at, short_name_of(value.dtype()),
                                     value.shape().to_string())},
                        "cast to a dtype that holds it");
    if (context.batched && value.dim(0) > 0) {
      diagnostic.sample = context.sample_of(at / (value.size() / value.dim(0)));
    }
    throw DataError(std::move(diagnostic));
  }

  DType dtype_;
};

DType parse_dtype(const std::string& name) {
  if (const auto dtype = dtype_from_name(name)) return *dtype;
  std::vector<std::string> names;
  for (int i = 0; i < kDTypeCount; ++i) names.emplace_back(name_of(static_cast<DType>(i)));
  throw_word_error("cast", "dtype = ", name, names);
}

}  // namespace

StageEntry cast_entry() {
  return {"cast",
          "to another dtype; a value that has no place in it is a bad sample",
          {{"keys", ArgumentType::kTextList, true, "", "which keys"},
           {"dtype", ArgumentType::kText, true, "", "\"float32\", \"int64\", …"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("cast", given);
            return dataset.cast(arguments.texts("keys"), parse_dtype(arguments.text("dtype")),
                                location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::cast(Keys keys, DType dtype, Here location) const {
  data::require_some_keys("cast", keys);
  return stage(std::make_shared<data::CastStage>(std::move(keys), dtype, location));
}

}  // namespace tenon
