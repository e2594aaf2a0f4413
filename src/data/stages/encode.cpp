#include <fmt/format.h>

#include <unordered_map>

#include "core/name_list.hpp"
#include "core/text_distance.hpp"
#include "data/arguments.hpp"
#include "data/numeric.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/per_key_stage.hpp"

namespace tenon::data {
namespace {

class EncodeStage final : public NamedStage<SampleStage> {
 public:
  EncodeStage(std::string from, std::string to, std::vector<std::string> classes,
              SourceLocation location)
      : NamedStage("encode", location),
        from_(std::move(from)),
        to_(std::move(to)),
        classes_(std::move(classes)) {
    for (std::size_t i = 0; i < classes_.size(); ++i) {
      ids_.emplace(classes_[i], static_cast<std::int64_t>(i));
    }
  }

  void edit(SchemaEditor& editor) const override {
    const TensorSpec* spec = editor.require(from_);
    TensorSpec after = spec == nullptr ? TensorSpec::of_unknown_rank(DType::kInt64) : *spec;
    after.dtype = DType::kInt64;
    after.range = ValueRange{0.0, static_cast<double>(classes_.size() - 1)};
    after.geometry.reset();
    if (from_ == to_) {
      editor.change(to_, std::move(after));
    } else {
      editor.add(to_, std::move(after), from_);
    }
  }

  SampleFunction bind(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override {
    const std::size_t from = in->slot(from_);
    const std::size_t to = out->slot(to_);
    const bool batched = is_batched(*in, from);
    return [this, from, to, out, batched](Record record, const SampleContext&) {
      std::vector<Tensor> values = record.values();
      const ValueContext context{from_, batched, record.samples()};
      Tensor ids = encode(values[from], context);
      values.resize(out->size());
      values[to] = std::move(ids);
      return Record(out, std::move(values), std::move(record.samples()));
    };
  }

  std::vector<TakenValues> taken_values() const override {
    return {{from_, classes_, std::nullopt}};
  }

  std::optional<Keys> own_keys() const override { return Keys{from_, to_}; }
  std::string arguments() const override {
    return fmt::format("from={}, to={}, classes=[{}]", quote_key(from_), quote_key(to_),
                       join_texts(classes_));
  }

 private:
  Tensor encode(const Tensor& value, const ValueContext& context) const {
    Tensor ids = Tensor::uninitialized(DType::kInt64, value.shape());
    const auto out = ids.data<std::int64_t>();
    for (std::int64_t i = 0; i < value.size(); ++i) {
      const std::string text = element_text(value, i);
      const auto at = ids_.find(text);
      if (at == ids_.end()) throw_unknown(text, value, i, context);
      out[static_cast<std::size_t>(i)] = at->second;
    }
    return ids;
  }

  [[noreturn]] void throw_unknown(const std::string& text, const Tensor& value, std::int64_t at,
                                  const ValueContext& context) const {
    const auto nearest = nearest_name(text, classes_);
    Diagnostic diagnostic = make_diagnostic(
        "D002", fmt::format("{} is {}, which is no class", quote_key(from_), quote_key(text)),
        {fmt::format("expected: one of {}", list_names(classes_))},
        nearest ? fmt::format("the nearest class is {}; mend the data or add {} to classes",
                              quote_key(*nearest), quote_key(text))
                : fmt::format("mend the data or add {} to classes", quote_key(text)));
    KeyReport report;
    report.key = from_;
    diagnostic.keys.push_back(std::move(report));
    if (context.batched && value.dim(0) > 0) {
      diagnostic.sample = context.sample_of(at / (value.size() / value.dim(0)));
    }
    throw DataError(std::move(diagnostic));
  }

  std::string from_;
  std::string to_;
  std::vector<std::string> classes_;
  std::unordered_map<std::string, std::int64_t> ids_;
};

}  // namespace

StageEntry encode_entry() {
  return {"encode",
          "the position of a text (or number) in a list of classes, as int64",
          {{"from", ArgumentType::kText, true, "", "the key with the class names"},
           {"to", ArgumentType::kText, true, "", "the key for the ids"},
           {"classes", ArgumentType::kTextList, true, "", "all classes in the order of their ids"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("encode", given);
            return dataset.encode(arguments.text("from"), arguments.text("to"),
                                  arguments.texts("classes"), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::encode(std::string from, std::string to, std::vector<std::string> classes,
                        Here location) const {
  data::require_distinct("encode", "classes", classes);
  return stage(std::make_shared<data::EncodeStage>(std::move(from), std::move(to),
                                                   std::move(classes), location));
}

}  // namespace tenon
