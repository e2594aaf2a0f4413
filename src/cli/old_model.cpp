#include "cli/old_model.hpp"

#include <filesystem>

#include "tenon/error.hpp"

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

  std::string output_;
  std::string origin_;
};

}  // namespace

std::shared_ptr<Callback> put_aside_old_models(std::string output, std::string origin) {
  return std::make_shared<PutAsideOldModels>(std::move(output), std::move(origin));
}

}  // namespace tenon::cli
