#include "train/trainer.hpp"

#include <fmt/format.h>

#include "core/thread_count.hpp"
#include "graph/model_object.hpp"
#include "tenon/error.hpp"
#include "tenon/message.hpp"
#include "train/engines.hpp"
#include "train/loss_table.hpp"
#include "train/shared_step.hpp"
#include "train/shared_update.hpp"
#include "train/targets.hpp"

namespace tenon::train {
namespace {

/// With the layers' precision where none is given.
CompileArguments settled(const Model& model, CompileArguments arguments) {
  if (arguments.precision.empty()) arguments.precision = model.object()->dtype_policy();
  return arguments;
}

backend::CompileOptions engine_options(const backend::Engine& engine,
                                       const CompileArguments& arguments) {
  check_threads("compile", "threads", arguments.threads);
  const backend::Precision precision = backend::precision_by_name(arguments.precision);
  if (const std::string obstacle = engine.obstacle(precision); !obstacle.empty()) {
    throw EngineError(make_diagnostic(
        "E001",
        fmt::format("the engine {} does not compute in {} here", quote_key(engine.name()),
                    quote_key(arguments.precision)),
        {obstacle, engine.description()},
        R"(compile with .precision = "float32"; .engine = "reference" computes so anywhere, slowly)"));
  }
  return {.precision = precision, .threads = arguments.threads};
}

void check_losses(const std::vector<OutputTraining>& outputs) {
  for (const OutputTraining& output : outputs) {
    if (output.loss) check_loss(*output.loss);
  }
}

void tell_missing_gradients(const std::vector<std::string>& names) {
  if (names.empty()) return;
  Diagnostic message = make_diagnostic(
      "M001",
      fmt::format("the loss does not reach {} of the trainable weights; they stay as they are",
                  names.size()),
      names);
  message.severity = Severity::kWarning;
  emit(message);
}

StepShape shape_of_inputs(Mode mode, const std::vector<Tensor>& inputs) {
  StepShape shape{.mode = mode, .input_shapes = {}, .input_dtypes = {}, .weighted = {}};
  shape.input_shapes.reserve(inputs.size());
  shape.input_dtypes.reserve(inputs.size());
  for (const Tensor& input : inputs) {
    shape.input_shapes.push_back(input.shape());
    shape.input_dtypes.push_back(input.dtype());
  }
  return shape;
}

/// This rank's part of the rows.
double share_of(const StepData& data) {
  return static_cast<double>(data.rows) / static_cast<double>(data.all_rows);
}

const ClassWeights& class_weights_of(std::span<const ClassWeights> all, std::size_t output) {
  static const ClassWeights none;
  return output < all.size() ? all[output] : none;
}

/// Number by number, of gradients as they are.
bool can_be_divided(const Optimizer& optimizer) {
  return !optimizer.clipnorm && !optimizer.clipvalue && !optimizer.global_clipnorm &&
         !optimizer.gradient_accumulation_steps;
}

}  // namespace

Trainer::Trainer(const Model& model, CompileArguments arguments, bool compiled)
    : model_(model.object()),
      arguments_(settled(model, std::move(arguments))),
      outputs_(resolve_outputs(model_.outputs(), arguments_)),
      engine_(backend::engine_by_name(arguments_.engine)),
      options_(engine_options(engine_, arguments_)),
      state_(engine_, model_, arguments_.optimizer),
      learning_rate_(arguments_.optimizer.learning_rate),
      compiled_(compiled) {
  check_optimizer(arguments_.optimizer);
  check_losses(outputs_);
}

Trainer::CompiledStep Trainer::compile_step(StepShape shape) {
  CompiledStep compiled;
  compiled.shape = std::move(shape);
  compiled.step = compiled.shape.mode == Mode::kGradients
                      ? build_gradient_program(model_, outputs_, compiled.shape, state_.slots())
                      : build_step_program(model_, outputs_, compiled.shape, arguments_.optimizer,
                                           state_.slots());
  if (compiled.shape.mode == Mode::kTrain && steps_.empty()) {
    tell_missing_gradients(compiled.step.without_gradient);
  }
  backend::CompileOptions options = options_;
  options.guarded = compiled.step.guarded;
  if (shared_step_) shared_step_->before_compile();
  if (shared_step_ && compiled.shape.mode == Mode::kTrain) {
    compiled.places = std::make_unique<SharedPlaces>();
    compiled.plan = shared_step_->compile(engine_, compiled.step, state_.variables(), options,
                                          *compiled.places);
  } else {
    compiled.plan = engine_.compile(compiled.step.program, state_.variables(), options);
  }
  return compiled;
}

void Trainer::complete_slots() {
  if (shared_step_) shared_step_->complete_slots();
}

void Trainer::forget_steps() {
  complete_slots();
  last_ = nullptr;
  last_shared_ = nullptr;
  steps_.clear();
  shared_ = nullptr;
  meetings_.reset();
}

void Trainer::acquire(bool for_training) {
  if (state_.acquire(for_training)) forget_steps();
}

Trainer::CompiledStep::CompiledStep() = default;
Trainer::CompiledStep::CompiledStep(CompiledStep&&) noexcept = default;
Trainer::CompiledStep::~CompiledStep() = default;
Trainer::~Trainer() = default;

void Trainer::distribute(dist::Communicator* communicator, std::size_t bucket_bytes, int threads) {
  if (arguments_.threads == 0) options_.threads = threads;
  if (communicator == communicator_ && bucket_bytes == bucket_bytes_) return;
  communicator_ = communicator;
  bucket_bytes_ = bucket_bytes;
  forget_steps();
  shared_step_ = nullptr;
  options_.variable_memory = nullptr;
  state_.set_before_slots({});
  if (communicator == nullptr) return;
  shared_step_ = std::make_unique<SharedStep>(*communicator, bucket_bytes,
                                              can_be_divided(arguments_.optimizer));
  options_.variable_memory = shared_step_->variable_memory();
  state_.set_before_slots([this] { complete_slots(); });
}

std::uint64_t Trainer::gradient_layout(const StepData& data,
                                       std::span<const ClassWeights> class_weights) {
  if (shared_step_ == nullptr) return 0;
  StepShape shape =
      data.rows > 0 ? shape_of(Mode::kTrain, data, class_weights) : shape_without_rows();
  if (shape.mode != Mode::kTrain) return 0;  // No rank has had any.
  shape.gathers = gathers();
  CompiledStep& step = step_for(std::move(shape));
  if (!step.places || step.places->pieces.empty()) return 0;
  last_shared_ = &step;
  // Weights that one rank alone has changed come to light at the end of the epoch, but not where
  // the others write over them.
  return shared_step_->layout(*step.plan, *step.places) + state_.writes();
}

const StepShape& Trainer::shape_without_rows() const {
  return last_shared_ != nullptr ? last_shared_->shape : without_rows_;
}

EngineState& Trainer::training_state() {
  acquire(true);
  return state_;
}

Trainer::CompiledStep& Trainer::step_for(StepShape shape) {
  acquire(shape.mode == Mode::kTrain || shape.mode == Mode::kGradients);
  if (last_ != nullptr && last_->shape == shape) return *last_;
  for (const auto& known : steps_) {
    if (known->shape == shape) return *(last_ = known.get());
  }
  steps_.push_back(std::make_unique<CompiledStep>(compile_step(std::move(shape))));
  return *(last_ = steps_.back().get());
}

StepResult Trainer::train(const StepData& data, std::span<const ClassWeights> class_weights,
                          bool guard) {
  StepResult result = communicator_ == nullptr ? run(Mode::kTrain, data, class_weights, guard)
                                               : train_together(data, class_weights, guard);
  if (!result.not_finite) note_step();
  return result;
}

/// The next step adds its gradients to those of others, and another one will apply them.
bool Trainer::gathers() const noexcept {
  const auto& steps = arguments_.optimizer.gradient_accumulation_steps;
  return steps && (iterations_ + 1) % *steps != 0;
}

void Trainer::note_step() {
  if (arguments_.optimizer.gradient_accumulation_steps && !gathers()) state_.clear_gathered();
  ++iterations_;
}

StepResult Trainer::test(const StepData& data, std::span<const ClassWeights> class_weights) {
  return run(Mode::kTest, data, class_weights, false);
}

std::vector<double> Trainer::profile(const StepData& data,
                                     std::span<const ClassWeights> class_weights, bool guard) {
  StepResult result;
  CompiledStep& compiled = bind(Mode::kTrain, data, class_weights, result);
  std::vector<double> seconds = compiled.plan->profile(numbers(guard));
  note_step();
  return seconds;
}

StepShape Trainer::shape_of(Mode mode, const StepData& data,
                            std::span<const ClassWeights> class_weights) const {
  StepShape shape = shape_of_inputs(mode, data.inputs);
  shape.gathers = mode == Mode::kTrain && gathers();
  shape.weighted.resize(outputs_.size());
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const bool given = i < data.weights.size() && data.weights[i].defined();
    shape.weighted[i] = outputs_[i].loss && (given || !class_weights_of(class_weights, i).empty());
  }
  return shape;
}

StepShape Trainer::shape_of(const StepData& data,
                            std::span<const ClassWeights> class_weights) const {
  return shape_of(Mode::kTrain, data, class_weights);
}

Trainer::Planned Trainer::planned(const StepShape& shape) {
  const CompiledStep& compiled = step_for(shape);
  Planned planned{&compiled.plan->report(), 0};
  for (const ops::NamedValue& input : compiled.step.program.inputs) {
    const ops::Value& value = compiled.step.program.value(input.value);
    planned.input_bytes +=
        static_cast<std::size_t>(value.shape.element_count()) * size_of(value.dtype);
  }
  return planned;
}

/// The targets and weights as the loss takes them are kept in `result`, whose memory the plan
/// reads.
Trainer::CompiledStep& Trainer::bind(Mode mode, const StepData& data,
                                     std::span<const ClassWeights> class_weights,
                                     StepResult& result) {
  CompiledStep& compiled = step_for(shape_of(mode, data, class_weights));
  const std::vector<bool>& weighted = compiled.shape.weighted;
  std::vector<Tensor>& targets = result.targets;
  std::vector<Tensor>& weights = result.weights;
  targets.resize(outputs_.size());
  weights.resize(outputs_.size());
  for (std::size_t i = 0; i < data.inputs.size(); ++i) {
    compiled.plan->bind_input(compiled.step.inputs[i], data.inputs[i]);
  }
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (!outputs_[i].loss) continue;
    targets[i] = canonical_target(data.targets[i], outputs_[i], compiled.step.prediction_shapes[i]);
    compiled.plan->bind_input(*compiled.step.targets[i], targets[i]);
    if (!weighted[i]) continue;
    if (i < data.weights.size() && data.weights[i].defined()) {
      weights[i] = canonical_weights(data.weights[i], outputs_[i].name(), data.rows);
    }
    weights[i] =
        with_class_weights(weights[i], class_weights_of(class_weights, i), targets[i], outputs_[i]);
    compiled.plan->bind_input(*compiled.step.weights[i], weights[i]);
  }
  return compiled;
}

backend::StepNumbers Trainer::numbers(bool guard) const {
  const auto& steps = arguments_.optimizer.gradient_accumulation_steps;
  return {
      .learning_rate = gathers() ? kGatheringRate : static_cast<float>(learning_rate_ * warm_up_),
      .iteration = iterations_,
      .steps_per_update = steps.value_or(1),
      .seed = seed_,
      .guard = guard};
}

StepResult Trainer::run(Mode mode, const StepData& data,
                        std::span<const ClassWeights> class_weights, bool guard) {
  StepResult result;
  CompiledStep& compiled = bind(mode, data, class_weights, result);
  const auto bad = compiled.plan->run(numbers(guard));
  read_results(compiled, result);
  if (bad) result.not_finite = compiled.step.guarded_weights[*bad];
  return result;
}

const std::vector<MeetingOfStep>& Trainer::meetings(const StepProgram& step) {
  if (!meetings_) {
    meetings_ = meetings_of(step.program);
    if (communicator_->rank() == 0 && communicator_->size() > 1)
      tell_unsynchronized(unsynchronized_layers(step.program), communicator_->size());
  }
  return *meetings_;
}

StepResult Trainer::train_together(const StepData& data,
                                   std::span<const ClassWeights> class_weights, bool guard) {
  if (!data.ranks_lie_alike) return train_in_two(data, class_weights, guard);
  StepResult result;
  backend::StepNumbers own = numbers(guard);
  own.rows = {communicator_->rank(), communicator_->size(), data.rows};
  StepMeeting meeting(*communicator_, share_of(data));
  if (communicator_->size() > 1) own.ranks = &meeting;
  CompiledStep& compiled =
      data.rows > 0 ? bind(Mode::kTrain, data, class_weights, result) : *last_shared_;
  const auto& places = meetings(compiled.step);
  std::optional<std::size_t> bad;
  try {
    bad = shared_step_->run({*compiled.plan, *compiled.places, compiled.step, *state_.variables(),
                             data.rows_of_ranks, [&] { meeting.attend(places); }},
                            own);
  } catch (...) {
    weights_are_whole_ = !shared_step_->divided();
    throw;
  }
  divides_updates_ = shared_step_->divided();
  if (data.rows > 0) read_results(compiled, result);
  if (bad) result.not_finite = compiled.step.guarded_weights[*bad];
  return result;
}

StepResult Trainer::train_in_two(const StepData& data, std::span<const ClassWeights> class_weights,
                                 bool guard) {
  StepResult result;
  if (shared_step_) shared_step_->before_compile();  // Of updates, below.
  backend::StepNumbers own = numbers(false);
  own.rows = {communicator_->rank(), communicator_->size(), data.rows};
  CompiledStep* compiled =
      data.rows > 0 ? &bind(Mode::kGradients, data, class_weights, result) : nullptr;
  if (!shared_) {
    CompiledStep* any = compiled;
    if (any == nullptr) {
      StepShape shape = shape_without_rows();
      shape.mode = Mode::kGradients;
      shape.gathers = false;
      any = &step_for(std::move(shape));
    }
    shared_ = std::make_unique<SharedUpdate>(
        SharedUpdate::Parts{model_, arguments_.optimizer, state_, engine_, options_}, any->step,
        *communicator_, bucket_bytes_);
    meetings(any->step);
  }
  StepMeeting meeting(*communicator_, share_of(data));
  if (communicator_->size() > 1) own.ranks = &meeting;
  shared_->begin();
  if (compiled == nullptr) {
    meeting.attend(*meetings_);
  } else {
    const float share = static_cast<float>(share_of(data));
    shared_->run(*compiled->plan, compiled->step, own, share);
    read_results(*compiled, result);
    shared_->give_loss(result.loss, share);
  }
  result.not_finite = shared_->finish(numbers(guard), gathers());
  return result;
}

NotFinite Trainer::find_not_finite(const StepData& data,
                                   std::span<const ClassWeights> class_weights) {
  NotFinite found;
  StepResult result;
  CompiledStep& compiled = bind(Mode::kLook, data, class_weights, result);
  compiled.plan->run(numbers(false));
  for (const LookedAt& looked : compiled.step.looked_at) {
    found.value = find_not_finite_value(compiled.plan->output(looked.output));
    if (!found.value) continue;
    found.name = looked.name;
    found.op = looked.op;
    break;
  }
  const auto weights = model_.weights();
  for (const auto& weight : weights) {
    if (find_not_finite_value(weight->value())) found.weights.push_back(weight->path());
  }
  // It holds every value of the step at once, and is not needed again.
  std::erase_if(steps_, [&](const auto& step) { return step.get() == &compiled; });
  last_ = nullptr;
  return found;
}

void Trainer::read_results(CompiledStep& compiled, StepResult& result) {
  const StepProgram& step = compiled.step;
  for (const std::size_t index : step.predictions) {
    result.predictions.push_back(compiled.plan->output(index));
  }
  if (step.loss) result.loss = static_cast<double>(compiled.plan->output(*step.loss).item<float>());
  for (std::size_t i = 0; i < step.output_losses.size(); ++i) {
    std::optional<double> own;
    if (step.output_losses[i]) {
      own = static_cast<double>(compiled.plan->output(*step.output_losses[i]).item<float>());
      if (outputs_[i].loss_weight != 0.0) *own /= outputs_[i].loss_weight;
    }
    result.output_losses.push_back(own);
  }
}

std::vector<Tensor> Trainer::predict(const std::vector<Tensor>& inputs) {
  StepShape shape = shape_of_inputs(Mode::kPredict, inputs);
  shape.weighted.assign(outputs_.size(), false);
  CompiledStep& compiled = step_for(std::move(shape));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    compiled.plan->bind_input(compiled.step.inputs[i], inputs[i]);
  }
  compiled.plan->run({.learning_rate = 0.0F, .iteration = iterations_, .seed = seed_});
  StepResult result;
  read_results(compiled, result);
  return std::move(result.predictions);
}

int Trainer::threads() const noexcept {
  return options_.threads > 0 ? options_.threads : num_cores();
}

const backend::PlanReport* Trainer::last_report() const noexcept {
  return last_ == nullptr ? nullptr : &last_->plan->report();
}

FoundNotFinite look_for_not_finite(Trainer& trainer, const StepData& data,
                                   std::span<const ClassWeights> class_weights,
                                   const StepResult& result, const BatchPlace& place) {
  const BadStep step{.place = place.run,
                     .loss = result.loss,
                     .gradient_of = result.not_finite.value_or(""),
                     .learning_rate = trainer.learning_rate(),
                     .samples = {place.samples.begin(), place.samples.end()},
                     .rows = data.rows};
  NotFinite found;
  if (data.rows > 0) found = trainer.find_not_finite(data, class_weights);
  return {describe_not_finite(found, step), found.value.has_value()};
}

void throw_not_finite(Trainer& trainer, const StepData& data,
                      std::span<const ClassWeights> class_weights, const StepResult& result,
                      const BatchPlace& place) {
  throw DataError(look_for_not_finite(trainer, data, class_weights, result, place).problem);
}

Trainer& trainer_of(const Model& model, const char* caller) {
  const auto& trainer = model.trainer();
  if (trainer && trainer->compiled()) return *trainer;
  throw ContractError(
      make_diagnostic("A001", fmt::format("{}: model `{}` is not compiled", caller, model.name()),
                      {}, R"(call compile({.optimizer = "adam", .loss = …}) first)"));
}

Trainer& trainer_for_prediction(Model& model) {
  if (!model.trainer()) {
    model.set_trainer(std::make_shared<Trainer>(model, CompileArguments{}, false));
  }
  return *model.trainer();
}

}  // namespace tenon::train
