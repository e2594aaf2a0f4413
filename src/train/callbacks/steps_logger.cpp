#include <fmt/format.h>

#include "tenon/callbacks.hpp"
#include "train/callbacks/csv_file.hpp"

namespace tenon {
namespace {

std::string number(double value) { return fmt::format("{:.9g}", value); }

class StepsLoggerCallback : public Callback {
 public:
  StepsLoggerCallback(std::string filename, bool append)
      : filename_(std::move(filename)), append_(append) {}

  std::string name() const override { return "StepsLogger"; }

  void on_train_begin(TrainingControl& control) override {
    file_.emplace(filename_, append_ || opened_before_ || control.resumes(), ",");
    opened_before_ = true;
    header_written_ = file_->has_header();
  }

  void on_train_batch_end(TrainingControl&, const StepInfo& info, const Logs&) override {
    if (!header_written_) write_header(info);
    std::vector<std::string> row{std::to_string(info.epoch), std::to_string(info.step)};
    for (const auto& entry : info.batch) row.push_back(number(entry.second));
    row.push_back(std::to_string(info.examples));
    row.push_back(number(info.seconds_data));
    row.push_back(number(info.seconds_compute));
    file_->write_row(row);
  }

  void save_state(CallbackState& state) const override {
    state.numbers.emplace_back("bytes", static_cast<double>(file_->size()));
  }
  void restore_state(const CallbackState& state) override {
    const auto bytes = state.integer("bytes");
    if (!bytes) return;
    file_->cut_to(*bytes);
    header_written_ = *bytes > 0 && file_->has_header();
  }

  void on_train_end(TrainingControl&, const Logs&) override {
    file_->close();
    file_.reset();
  }

 private:
  void write_header(const StepInfo& info) {
    std::vector<std::string> row{"epoch", "step"};
    for (const auto& entry : info.batch) row.push_back(entry.first);
    row.insert(row.end(), {"examples", "seconds_data", "seconds_compute"});
    file_->write_row(row);
    header_written_ = true;
  }

  std::string filename_;
  bool append_;
  std::optional<train::CsvFile> file_;
  bool opened_before_ = false;
  bool header_written_ = false;
};

}  // namespace

std::shared_ptr<Callback> StepsLogger(std::string filename, bool append) {
  return std::make_shared<StepsLoggerCallback>(std::move(filename), append);
}

}  // namespace tenon
