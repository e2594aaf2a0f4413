#include <fmt/format.h>

#include "data/arguments.hpp"
#include "data/numeric.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/per_key_stage.hpp"

namespace tenon::data {
namespace {

class OneHotStage final : public PerKeyStage {
 public:
  OneHotStage(Keys keys, std::int64_t depth, SourceLocation location)
      : PerKeyStage("one_hot", std::move(keys), location), depth_(depth) {}

 protected:
  TensorSpec spec_after(const TensorSpec& spec, std::string& problem) const override {
    if (!is_integer(spec.dtype)) {
      problem = fmt::format("it is {}, and class ids are integers", name_of(spec.dtype));
    } else if (spec.range && spec.range->high >= static_cast<double>(depth_)) {
      problem = fmt::format("its ids go up to {:.0f}, and depth = {} holds 0 to {}",
                            spec.range->high, depth_, depth_ - 1);
    }
    TensorSpec after = spec;
    after.dtype = DType::kFloat32;
    after.range = ValueRange{0.0, 1.0};
    if (!spec.rank_known) return after;
    if (is_map_rank(spec.rank(), spec.batched())) {
      if (!spec.shape.back().known()) return TensorSpec::of_unknown_rank(DType::kFloat32);
      if (spec.shape.back().size() == 1) {
        after.shape.back() = Dim(depth_);
        return after;
      }
    }
    after.shape.emplace_back(depth_);
    if (!after.axes.empty()) after.axes += '?';
    return after;
  }

  Tensor apply(const Tensor& value, const ValueContext& context) const override {
    std::vector<std::int64_t> dims = value.shape().dims();
    if (is_map_rank(value.rank(), context.batched) && dims.back() == 1) dims.pop_back();
    dims.push_back(depth_);
    Tensor result(DType::kFloat32, Shape(std::move(dims)));
    float* out = result.data<float>().data();
    with_number_type(value.dtype(), [&](auto type) {
      using T = decltype(type);
      const auto ids = value.data<T>();
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const auto id = static_cast<std::int64_t>(widen(ids[i]));
        if (id < 0 || id >= depth_) throw_outside(value, static_cast<std::int64_t>(i), context);
        out[static_cast<std::int64_t>(i) * depth_ + id] = 1.0F;
      }
    });
    if (value.geometry() != nullptr) result.set_geometry(*value.geometry());
    return result;
  }

  std::vector<TakenValues> taken_values() const override {
    std::vector<TakenValues> taken;
    for (const std::string& key : keys())
      taken.push_back({key, {}, ValueRange{0.0, static_cast<double>(depth_ - 1)}});
    return taken;
  }

  std::string more_arguments() const override { return fmt::format("depth={}", depth_); }

 private:
  /// A label map has its ids in a last axis of 1, which the classes take: images (height, width, 1)
  /// and volumes (depth, height, width, 1).
  static bool is_map_rank(int rank, bool batched) { return (batched ? rank - 1 : rank) >= 3; }

  [[noreturn]] void throw_outside(const Tensor& value, std::int64_t at,
                                  const ValueContext& context) const {
    Diagnostic diagnostic = make_diagnostic(
        "D002", fmt::format("{} is {}", quote_key(context.key), element_text(value, at)),
        {fmt::format("expected: a class id from 0 to {}", depth_ - 1)},
        "raise depth, or mend the ids");
    if (context.batched && value.dim(0) > 0) {
      diagnostic.sample = context.sample_of(at / (value.size() / value.dim(0)));
    }
    throw DataError(std::move(diagnostic));
  }

  std::int64_t depth_;
};

}  // namespace

StageEntry one_hot_entry() {
  return {"one_hot",
          "class ids to float32 vectors with a 1 at the id; a last axis of 1 of label maps becomes "
          "them",
          {{"keys", ArgumentType::kTextList, true, "", "which keys"},
           {"depth", ArgumentType::kInteger, true, "", "how many classes"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("one_hot", given);
            return dataset.one_hot(arguments.texts("keys"), arguments.integer("depth"), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::one_hot(Keys keys, std::int64_t depth, Here location) const {
  data::require_some_keys("one_hot", keys);
  constexpr std::int64_t kMost = std::int64_t{1} << 24;
  if (depth < 1 || depth > kMost) {
    throw_argument_error("one_hot", fmt::format("depth = {}", depth),
                         fmt::format("1 to {} classes", kMost));
  }
  return stage(std::make_shared<data::OneHotStage>(std::move(keys), depth, location));
}

}  // namespace tenon
