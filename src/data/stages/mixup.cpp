#include <fmt/format.h>

#include <cmath>
#include <numeric>
#include <optional>

#include "data/arguments.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/spatial_stage.hpp"
#include "tenon/random.hpp"

namespace tenon::data {
namespace {

/// Gamma(shape, 1) by Marsaglia and Tsang ("A simple method for generating gamma variables", 2000),
/// as its logarithm: for small shapes the number itself is 0 in doubles.
double log_gamma_draw(double shape, Random& random) {
  double boost = 0.0;
  if (shape < 1.0) {
    boost = std::log(1.0 - random.next_double()) / shape;
    shape += 1.0;
  }
  const double d = shape - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  while (true) {
    const auto normal = static_cast<double>(random.next_normal());
    const double cube = std::pow(1.0 + c * normal, 3.0);
    if (1.0 + c * normal <= 0.0) continue;
    const double even = 1.0 - random.next_double();
    if (std::log(even) < 0.5 * normal * normal + d - d * cube + d * std::log(cube)) {
      return boost + std::log(d * cube);
    }
  }
}

/// Beta(alpha, alpha).
double beta_draw(double alpha, Random& random) {
  const double a = log_gamma_draw(alpha, random);
  const double b = log_gamma_draw(alpha, random);
  return 1.0 / (1.0 + std::exp(b - a));
}

/// With whom each row of a batch is mixed, and how much of itself it keeps.
struct Partners {
  std::vector<std::size_t> rows;
  std::vector<float> own;
};

class MixupStage final : public NamedStage<SampleStage> {
 public:
  MixupStage(Keys keys, double alpha, double probability, SourceLocation location)
      : NamedStage("mixup", location),
        keys_(std::move(keys)),
        alpha_(alpha),
        probability_(probability) {}

  void edit(SchemaEditor& editor) const override {
    if (!editor.batched()) {
      editor.problem(make_diagnostic("A001", "mixup mixes the rows of a batch, and there is none",
                                     {}, "put mixup behind batch"));
    }
    for (const std::string& key : keys_) {
      const TensorSpec* spec = editor.require(key);
      if (spec == nullptr) continue;
      if (spec->dtype != DType::kFloat32) {
        editor.problem(make_diagnostic("D001",
                                       fmt::format("mixup cannot mix {}: it is {}", quote_key(key),
                                                   tenon::name_of(spec->dtype)),
                                       {"expected: float32"},
                                       "cast images, and one_hot class ids, before it"));
      }
      editor.change(key, TensorSpec(*spec));
    }
  }

  SampleFunction bind(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override {
    std::vector<std::size_t> slots;
    for (const std::string& key : keys_) slots.push_back(in->slot(key));
    return [this, slots = std::move(slots), out](Record record, const SampleContext& context) {
      std::vector<Tensor> values = record.values();
      const std::int64_t rows = values[slots.front()].dim(0);
      if (const auto partners = draw(static_cast<std::size_t>(rows), context)) {
        for (const std::size_t slot : slots) values[slot] = mixed(values[slot], *partners);
      }
      return Record(out, std::move(values), std::move(record.samples()));
    };
  }

  std::string arguments() const override {
    return fmt::format("keys=[{}], alpha={}, probability={}", join_texts(keys_), alpha_,
                       probability_);
  }

 private:
  /// The batch's stream has the name of its first row.
  std::optional<Partners> draw(std::size_t rows, const SampleContext& context) const {
    const RowContext first =
        context.rows.empty() ? RowContext{context.epoch, context.sample} : context.rows.front();
    Random random(context.seed, static_cast<std::uint64_t>(first.epoch),
                  static_cast<std::uint64_t>(first.sample),
                  static_cast<std::uint64_t>(context.stage));
    if (random.next_double() >= probability_) return std::nullopt;
    Partners out{std::vector<std::size_t>(rows), std::vector<float>(rows)};
    std::iota(out.rows.begin(), out.rows.end(), 0U);
    for (std::size_t i = rows; i-- > 1;) std::swap(out.rows[i], out.rows[random.next_below(i + 1)]);
    for (float& own : out.own) own = static_cast<float>(beta_draw(alpha_, random));
    return out;
  }

  static Tensor mixed(const Tensor& batch, const Partners& partners) {
    if (batch.dim(0) != static_cast<std::int64_t>(partners.rows.size())) {
      throw DataError(make_diagnostic("S002", fmt::format("mixup: a key has {} rows, another {}",
                                                          batch.dim(0), partners.rows.size())));
    }
    Tensor out = batch.clone();
    const std::size_t width =
        partners.rows.empty() ? 0 : static_cast<std::size_t>(batch.size()) / partners.rows.size();
    const auto from = batch.data<float>();
    const auto to = out.data<float>();
    for (std::size_t row = 0; row < partners.rows.size(); ++row) {
      const float own = partners.own[row];
      const float* other = from.data() + partners.rows[row] * width;
      float* into = to.data() + row * width;
      for (std::size_t i = 0; i < width; ++i) into[i] = own * into[i] + (1.0F - own) * other[i];
    }
    return out;
  }

  Keys keys_;
  double alpha_;
  double probability_;
};

}  // namespace

StageEntry mixup_entry() {
  return {"mixup",
          "mixes each row of a batch with another one, all keys alike: own * a + (1 - own) * b",
          {{"keys", ArgumentType::kTextList, true, "",
            "which keys, float32: inputs, and one-hot targets"},
           {"alpha", ArgumentType::kNumber, false, "0.2",
            "own is drawn from Beta(alpha, alpha) for each row"},
           {"probability", ArgumentType::kNumber, false, "1.0", "of a batch to be mixed"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("mixup", given);
            return dataset.mixup(arguments.texts("keys"), arguments.number("alpha", 0.2),
                                 arguments.number("probability", 1.0), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::mixup(Keys keys, double alpha, double probability, Here location) const {
  data::require_some_keys("mixup", keys);
  data::require_probability("mixup", probability);
  if (!(alpha > 0.0 && std::isfinite(alpha))) {
    throw_argument_error("mixup", fmt::format("alpha = {}", alpha), "above 0");
  }
  return stage(std::make_shared<data::MixupStage>(std::move(keys), alpha, probability, location));
}

}  // namespace tenon
