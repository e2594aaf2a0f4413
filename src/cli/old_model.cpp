#include "cli/old_model.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "tenon/error.hpp"
#include "tenon/message.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

class PutAsideOldModels : public Callback {
 public:
  PutAsideOldModels(std::string output, std::string origin)
      : output_(std::move(output)), origin_(std::move(origin)) {}
  std::string name() const override { return "PutAsideOldModels"; }

  void on_train_begin(TrainingControl& control) override {
    if (control.resumes()) return;
    for (const char* name : {"model", "interrupted", "stopped"}) put_aside(name);
    put_aside_unfinished();
  }

 private:
  void put_aside(const std::string& name) const {
    const fs::path model = fs::path(output_) / (name + ".keras");
    std::error_code error;
    if (!fs::exists(model, error) || fs::equivalent(model, origin_, error)) return;
    fs::rename(model, fs::path(output_) / (name + ".previous.keras"), error);
    if (error) {
      throw_file_error(model.string(),
                       "an earlier run's model cannot be renamed: " + error.message());
    }
  }

  void put_aside_unfinished() const {
    if (!has_state(output_)) return;
    const fs::path state = fs::path(output_) / "state";
    std::error_code error;
    const fs::path aside = fs::path(output_) / "state.previous";
    fs::remove_all(aside, error);
    fs::rename(state, aside, error);
    if (error) {
      throw_file_error(state.string(),
                       "an earlier run's state cannot be renamed: " + error.message());
    }
    for (const char* name : {"history", "steps"}) {
      const fs::path table = fs::path(output_) / (std::string(name) + ".csv");
      fs::rename(table, fs::path(output_) / (std::string(name) + ".previous.csv"), error);
    }
    Diagnostic warning = make_diagnostic(
        "F001", fmt::format("{}: a training that has not ended was put aside", output_),
        {fmt::format("its state is in {}, its tables are history.previous.csv and "
                     "steps.previous.csv",
                     aside.string())},
        fmt::format("to go on with it: train --resume-from {}", aside.string()));
    warning.severity = Severity::kWarning;
    emit(warning);
  }

  std::string output_;
  std::string origin_;
};

}  // namespace

bool has_state(const std::string& output) {
  const fs::path state = fs::path(output) / "state";
  std::error_code ignored;
  return fs::exists(state / "state.keras", ignored) ||
         fs::exists(state / "state.previous.keras", ignored);
}

std::shared_ptr<Callback> put_aside_old_models(std::string output, std::string origin) {
  return std::make_shared<PutAsideOldModels>(std::move(output), std::move(origin));
}

}  // namespace tenon::cli
