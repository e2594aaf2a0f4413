#include "train/resume.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tenon/error.hpp"
#include "tenon/message.hpp"
#include "train/compile_config.hpp"

namespace tenon::train {
namespace {

/// The learning rate is part of the state: callbacks change it.
std::string training_text(const Model& model) {
  auto config = nlohmann::ordered_json::parse(compile_config_json(model));
  const auto optimizer = config.find("optimizer");
  if (optimizer != config.end() && optimizer->contains("config"))
    (*optimizer)["config"].erase("learning_rate");
  return config.dump();
}

}  // namespace

std::shared_ptr<const TrainingState> read_state(const ResumeFrom& from, Model& model) {
  std::error_code ignored;
  const bool is_folder = std::filesystem::is_directory(from.path, ignored);
  const std::string file =
      is_folder ? (std::filesystem::path(from.path) / "state.keras").string() : from.path;
  return from.store->read(file, model);
}

void fill_state(TrainingState& state, const Model& model, const Trainer& trainer) {
  state.iterations = trainer.iterations();
  state.learning_rate = trainer.learning_rate();
  state.engine = trainer.engine().name();
  state.precision = trainer.arguments().precision;
  state.threads = trainer.threads();
  state.compile_config = training_text(model);
}

void require_same_training(const TrainingState& state, const Model& model) {
  const std::string now = training_text(model);
  if (state.compile_config == now) return;
  throw FormatError(make_diagnostic(
      "F001", "the state is of a training with another optimizer, loss or metrics",
      {fmt::format("it was compiled with {}", state.compile_config), fmt::format("now: {}", now)},
      "compile the model as it was, or begin anew"));
}

void check_state(const TrainingState& state, const Model& model, const Trainer& trainer,
                 const FitArguments& arguments) {
  if (state.seed != arguments.seed) {
    throw FormatError(
        make_diagnostic("F001",
                        fmt::format("the state is of a training with seed {}, and this one has {}",
                                    state.seed, arguments.seed),
                        {}, fmt::format("set seed = {}, or begin anew", state.seed)));
  }
  TrainingState now;
  fill_state(now, model, trainer);
  if (now.engine == state.engine && now.precision == state.precision &&
      now.threads == state.threads) {
    return;
  }
  Diagnostic warning = make_diagnostic(
      "F001", "the training goes on, but not bit for bit as it would have",
      {fmt::format("it ran on {} in {} with {} threads", state.engine, state.precision,
                   state.threads),
       fmt::format("now: {} in {} with {} threads", now.engine, now.precision, now.threads)});
  warning.severity = Severity::kWarning;
  emit(warning);
}

}  // namespace tenon::train
