#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "data/source.hpp"
#include "data/spec_check.hpp"
#include "tenon/error.hpp"

namespace tenon::data {
namespace {

/// One tensor of an element, under the key that the dataset gives it.
struct NamedValue {
  std::string key;
  Role role;
  Tensor value;
};

std::vector<NamedValue> flatten(const Example& example) {
  std::vector<NamedValue> values;
  for (const auto& [key, tensor] : example.inputs.tensors) {
    values.push_back({key, Role::kInput, tensor});
  }
  for (const auto& [key, tensor] : example.target_values) {
    values.push_back({key, Role::kTarget, tensor});
  }
  for (const auto& [key, tensor] : example.weight_values) {
    values.push_back({weight_key(key), Role::kWeight, tensor});
  }
  return values;
}

/// True if every tensor has a first axis and all agree on its size.
bool is_batch(const std::vector<Tensor>& values) {
  return !values.empty() && std::all_of(values.begin(), values.end(), [&](const Tensor& value) {
    return value.rank() > 0 && value.dim(0) == values.front().dim(0);
  });
}

Diagnostic doubled_key(const NamedValue& value, StageReference stage) {
  Diagnostic diagnostic = make_diagnostic(
      "K012", fmt::format("the generator yields the key {} twice", quote_key(value.key)),
      {"inputs, targets and weights share one set of keys"},
      "give one of the two another name, or yield the target without a name");
  KeyReport report;
  report.key = value.key;
  report.role = value.role;
  report.actual = TensorSpec::of(value.value.dtype(), value.value.shape());
  diagnostic.keys.push_back(std::move(report));
  diagnostic.stage = std::move(stage);
  return diagnostic;
}

SampleIdentity element_identity(std::int64_t element) {
  return {element, fmt::format("element {}", element), "", -1};
}

/// A coroutine under way: used by one stream at a time, which all go on with the same one.
class RunningGenerator {
 public:
  RunningGenerator(Generator generator, StageReference reference)
      : generator_(std::move(generator)), reference_(std::move(reference)) {}

  /// Gives `example`, its first element, back: the next call of next() returns it again.
  void keep(Example example) {
    kept_ = std::move(example);
    count_ = 0;
  }

  /// False at its end. What it throws becomes G003 with the element's index.
  bool next(Example& example) {
    if (kept_) {
      example = std::move(*kept_);
      kept_.reset();
      ++count_;
      return true;
    }
    try {
      if (!generator_.next(example)) return false;
    } catch (const Error& error) {
      std::vector<Diagnostic> diagnostics = error.diagnostics();
      for (Diagnostic& diagnostic : diagnostics) fill_in(diagnostic);
      throw DataError(std::move(diagnostics));
    } catch (const std::exception& error) {
      throw_thrown(error.what());
    } catch (...) {
      throw_thrown("something that is no std::exception");
    }
    ++count_;
    return true;
  }
  /// How many elements it has given.
  std::int64_t count() const noexcept { return count_; }
  std::int64_t rows_given = 0;

 private:
  void fill_in(Diagnostic& diagnostic) const {
    diagnostic.message =
        fmt::format("the generator threw at element {}: {}", count_, diagnostic.message);
    diagnostic.stage = reference_;
    diagnostic.sample = element_identity(count_);
  }
  [[noreturn]] void throw_thrown(const std::string& what) const {
    Diagnostic diagnostic = make_diagnostic("G003", what);
    fill_in(diagnostic);
    throw DataError(std::move(diagnostic));
  }

  Generator generator_;
  StageReference reference_;
  std::optional<Example> kept_;
  std::int64_t count_ = 0;
};

class GeneratorSource final : public Source {
 public:
  GeneratorSource(Generator first, std::function<Generator()> make, SourceLocation location);

  StageReference reference() const override { return {-1, "generator", location_}; }
  std::shared_ptr<const Schema> schema() const override { return schema_; }
  Cardinality cardinality() const override { return {}; }
  bool batched() const override { return batched_; }
  std::vector<Diagnostic> problems() const override { return problems_; }
  bool random_access() const override { return false; }
  Record read(std::int64_t) const override {
    throw_argument_error("Source::read", "a generator", "a source that can be read in any order");
  }
  std::unique_ptr<Stream> stream() const override;
  bool restartable() const override { return make_ != nullptr; }
  std::optional<Record> peek() const override;

  bool pull(RunningGenerator& running, Record& record) const;

 private:
  Record record_of(const Example& example, std::int64_t element, std::int64_t first_row) const;
  std::vector<SampleIdentity> identities(const std::vector<Tensor>& values, std::int64_t element,
                                         std::int64_t first_row) const;

  std::function<Generator()> make_;
  SourceLocation location_;
  std::shared_ptr<const Schema> schema_;
  std::vector<Diagnostic> problems_;
  bool batched_ = false;

  mutable std::mutex mutex_;
  /// The generator whose first element gave the schema; given to the first stream.
  mutable std::shared_ptr<RunningGenerator> first_;
  Example first_example_;
};

class GeneratorStream final : public Source::Stream {
 public:
  GeneratorStream(const GeneratorSource& source, std::shared_ptr<RunningGenerator> running)
      : source_(source), running_(std::move(running)) {}
  bool next(Record& record) override { return source_.pull(*running_, record); }

 private:
  const GeneratorSource& source_;
  std::shared_ptr<RunningGenerator> running_;
};

GeneratorSource::GeneratorSource(Generator first, std::function<Generator()> make,
                                 SourceLocation location)
    : make_(std::move(make)), location_(location) {
  first_ = std::make_shared<RunningGenerator>(std::move(first), reference());
  Example example;
  if (!first_->next(example)) {
    Diagnostic empty = make_diagnostic("G001", "the generator ended without yielding anything", {},
                                       "co_yield at least one element");
    empty.stage = reference();
    throw DataError(std::move(empty));
  }
  auto schema = std::make_shared<Schema>();
  std::vector<Tensor> values;
  for (const NamedValue& value : flatten(example)) {
    if (schema->contains(value.key)) {
      problems_.push_back(doubled_key(value, reference()));
      continue;
    }
    schema->add({value.key, TensorSpec::of(value.value.dtype(), value.value.shape()), value.role});
    values.push_back(value.value);
  }
  batched_ = is_batch(values);
  for (std::size_t slot = 0; batched_ && slot < schema->size(); ++slot) {
    TensorSpec& spec = (*schema)[slot].spec;
    spec = spec.without_batch().with_batch();
  }
  schema_ = std::move(schema);
  // A generator may reuse its tensors for the next element; this one is looked at later.
  const auto own = [](NamedTensors& tensors) {
    for (auto& [key, tensor] : tensors) tensor = tensor.clone();
  };
  own(example.inputs.tensors);
  own(example.target_values);
  own(example.weight_values);
  first_->keep(example);
  first_example_ = std::move(example);
}

std::unique_ptr<Source::Stream> GeneratorSource::stream() const {
  const std::lock_guard lock(mutex_);
  // A coroutine that is there once is shared by all streams; another is made for later ones.
  std::shared_ptr<RunningGenerator> running = first_;
  if (make_) first_ = nullptr;
  if (running == nullptr) running = std::make_shared<RunningGenerator>(make_(), reference());
  return std::make_unique<GeneratorStream>(*this, std::move(running));
}

std::optional<Record> GeneratorSource::peek() const { return record_of(first_example_, 0, 0); }

bool GeneratorSource::pull(RunningGenerator& running, Record& record) const {
  const std::lock_guard lock(mutex_);
  const std::int64_t element = running.count();
  Example example;
  if (!running.next(example)) return false;
  record = record_of(example, element, running.rows_given);
  running.rows_given += static_cast<std::int64_t>(record.samples().size());
  return true;
}

Record GeneratorSource::record_of(const Example& example, std::int64_t element,
                                  std::int64_t first_row) const {
  const std::string where = fmt::format("element {} of the generator", element);
  const SampleIdentity first = element_identity(0);
  const SampleIdentity came = element_identity(element);
  const HeldTo held{where, {&first, 1}, {&came, 1}};
  const std::vector<NamedValue> given = flatten(example);
  Schema keys;
  for (const NamedValue& value : given) {
    if (keys.contains(value.key)) continue;
    keys.add({value.key, TensorSpec::of(value.value.dtype(), value.value.shape()), value.role});
  }
  std::vector<Tensor> values;
  try {
    require_keys(*schema_, keys, held);
    for (const Field& field : *schema_) {
      const auto at = std::find_if(given.begin(), given.end(),
                                   [&](const NamedValue& value) { return value.key == field.key; });
      require_spec(field, at->value, held);
      // The generator may write the next element into the same tensor.
      values.push_back(at->value.clone());
    }
    if (batched_ && !is_batch(values)) {
      throw DataError(make_diagnostic("G002", where + ": the keys have different batch sizes"));
    }
  } catch (const DataError& error) {
    std::vector<Diagnostic> diagnostics = error.diagnostics();
    for (Diagnostic& diagnostic : diagnostics) {
      diagnostic.stage = reference();
      diagnostic.sample = came;
    }
    throw DataError(std::move(diagnostics));
  }
  std::vector<SampleIdentity> samples = identities(values, element, first_row);
  return Record(schema_, std::move(values), std::move(samples));
}

std::vector<SampleIdentity> GeneratorSource::identities(const std::vector<Tensor>& values,
                                                        std::int64_t element,
                                                        std::int64_t first_row) const {
  if (!batched_) return {element_identity(element)};
  std::vector<SampleIdentity> samples(static_cast<std::size_t>(values.front().dim(0)));
  for (std::size_t row = 0; row < samples.size(); ++row) {
    samples[row].index = first_row + static_cast<std::int64_t>(row);
    samples[row].id = fmt::format("element {}, row {}", element, row);
  }
  return samples;
}

}  // namespace
}  // namespace tenon::data

namespace tenon {

Dataset Dataset::from_generator(Generator generator, Here location) {
  return from_source(
      std::make_shared<data::GeneratorSource>(std::move(generator), nullptr, location));
}

Dataset Dataset::from_generator(std::function<Generator()> make, Here location) {
  if (!make) throw_argument_error("from_generator", "no function", "a function that makes one");
  Generator first = make();
  return from_source(
      std::make_shared<data::GeneratorSource>(std::move(first), std::move(make), location));
}

}  // namespace tenon
