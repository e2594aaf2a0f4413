#include <utility>

#include "tenon/error.hpp"
#include "tenon/model.hpp"
#include "train/bound_split.hpp"
#include "train/interface.hpp"
#include "train/not_finite.hpp"
#include "train/running_logs.hpp"
#include "train/trainer.hpp"

namespace tenon {
namespace train {

/// What one tensor of a batch looks like, its rows aside.
struct ExampleField {
  std::string key;
  Role role = Role::kInput;
  DType dtype = DType::kFloat32;
  std::vector<std::int64_t> dims;
  bool operator==(const ExampleField&) const = default;
};

/// A form of batch that was held to the contract; later batches of the same form need not be.
struct BoundExample {
  std::vector<ExampleField> form;
  std::shared_ptr<const Schema> schema;
  BoundSplit split;
};

namespace {

Generator yield_once(Example example) { co_yield std::move(example); }

struct FlatExample {
  std::vector<ExampleField> form;
  std::vector<Tensor> values;

  void add(std::string key, Role role, const Tensor& value) {
    std::vector<std::int64_t> dims = value.shape().dims();
    if (!dims.empty()) dims.front() = -1;
    form.push_back({std::move(key), role, value.dtype(), std::move(dims)});
    values.push_back(value);
  }
};

/// In the order in which a dataset of a generator has them.
FlatExample flatten(const Example& example) {
  FlatExample flat;
  for (const auto& [key, value] : example.inputs.tensors) flat.add(key, Role::kInput, value);
  for (const auto& [key, value] : example.target_values) flat.add(key, Role::kTarget, value);
  for (const auto& [key, value] : example.weight_values) {
    flat.add(weight_key(key), Role::kWeight, value);
  }
  return flat;
}

std::shared_ptr<BoundExample> bind_form(std::vector<Diagnostic> problems,
                                        const TrainingInterface& interface, const Example& example,
                                        std::vector<ExampleField> form) {
  Dataset dataset =
      Dataset::from_generator([example] { return yield_once(example); }, interface.location);
  const contract::Split split{.name = "batch", .dataset = &dataset, .steps = {}};
  throw_errors(all_problems(std::move(problems), interface, {&split, 1}));
  auto schema = std::make_shared<const Schema>(dataset.schema());
  return std::make_shared<BoundExample>(BoundExample{
      std::move(form), std::move(schema), BoundSplit("batch", interface, dataset, true)});
}

StepData data_of(const BoundExample& bound, FlatExample flat, std::int64_t step) {
  return bound.split.data_of(Record(bound.schema, std::move(flat.values), {}), 0, step);
}

StepData bind_training_example(Model& model, Trainer& trainer, const Example& example,
                               SourceLocation location) {
  FlatExample flat = flatten(example);
  auto& bound = trainer.bound_example(0);
  if (!bound || bound->form != flat.form) {
    require_finite_weights(model, false);
    bound =
        bind_form(compile_problems(model.name(), model.outputs(), trainer.arguments()),
                  evaluate_interface(model, trainer.arguments(), {}, location), example, flat.form);
  }
  return data_of(*bound, std::move(flat), trainer.iterations());
}

Logs logs_of(const Trainer& trainer, const StepResult& result, std::int64_t rows) {
  RunningLogs logs(trainer.outputs());
  logs.add(result, rows);
  return logs.batch();
}

}  // namespace
}  // namespace train

Logs Model::train_on_batch(const Example& batch, SourceLocation location) {
  train::Trainer& trainer = train::trainer_of(*this, "train_on_batch");
  const train::StepData data = train::bind_training_example(*this, trainer, batch, location);
  trainer.begin_training();
  const train::StepResult result = trainer.train(data);
  if (result.not_finite) {
    train::throw_not_finite(trainer, data, {}, result, {{"batch", 0, trainer.iterations()}, {}});
  }
  return train::logs_of(trainer, result, data.rows);
}

Logs Model::test_on_batch(const Example& batch, SourceLocation location) {
  train::Trainer& trainer = train::trainer_of(*this, "test_on_batch");
  const train::StepData data = train::bind_training_example(*this, trainer, batch, location);
  return train::logs_of(trainer, trainer.test(data), data.rows);
}

NamedTensors Model::predict_on_batch(const Inputs& inputs) {
  train::Trainer& trainer = train::trainer_for_prediction(*this);
  const Example example(inputs);
  train::FlatExample flat = train::flatten(example);
  auto& bound = trainer.bound_example(1);
  if (!bound || bound->form != flat.form) {
    bound = train::bind_form({}, train::predict_interface(*this, {}, {}), example, flat.form);
  }
  const train::StepData data = train::data_of(*bound, std::move(flat), 0);
  const std::vector<Tensor> predictions = trainer.predict(data.inputs);
  const std::vector<Port> ports = outputs();
  NamedTensors named;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    named.emplace_back(ports[i].name, predictions[i].clone());
  }
  return named;
}

}  // namespace tenon
