#include "cli/old_model.hpp"

#include <filesystem>

#include "tenon/error.hpp"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

class PutAsideOldModel : public Callback {
 public:
  PutAsideOldModel(std::string output, std::string origin)
      : output_(std::move(output)), origin_(std::move(origin)) {}
  std::string name() const override { return "PutAsideOldModel"; }

  void on_train_begin(TrainingControl&) override {
    const fs::path model = fs::path(output_) / "model.keras";
    std::error_code error;
    if (!fs::exists(model, error) || fs::equivalent(model, origin_, error)) return;
    fs::rename(model, fs::path(output_) / "model.previous.keras", error);
    if (error) {
      throw_file_error(model.string(),
                       "an earlier run's model cannot be renamed: " + error.message());
    }
  }

 private:
  std::string output_;
  std::string origin_;
};

}  // namespace

std::shared_ptr<Callback> put_aside_old_model(std::string output, std::string origin) {
  return std::make_shared<PutAsideOldModel>(std::move(output), std::move(origin));
}

}  // namespace tenon::cli
