#include <fmt/format.h>

#include "tenon/callbacks.hpp"
#include "train/callbacks/csv_file.hpp"
#include "train/training_state.hpp"

namespace tenon {
namespace {

class CSVLoggerCallback : public Callback {
 public:
  CSVLoggerCallback(std::string filename, CSVLoggerOptions options)
      : filename_(std::move(filename)), options_(std::move(options)) {}

  std::string name() const override { return "CSVLogger"; }

  void on_train_begin(TrainingControl& control) override {
    file_.emplace(filename_, options_.append || opened_before_ || control.resumes(),
                  options_.separator);
    // As in Keras: a second fit with the same logger goes on in the same file.
    opened_before_ = true;
    names_ = control.log_names();
    if (file_->has_header()) return;
    std::vector<std::string> row{"epoch"};
    row.insert(row.end(), names_.begin(), names_.end());
    file_->write_row(row);
  }

  void on_epoch_end(TrainingControl&, std::int64_t epoch, const Logs& logs) override {
    std::vector<std::string> row{std::to_string(epoch)};
    for (const std::string& log_name : names_) {
      const std::optional<double> value = logs.find(log_name);
      row.push_back(value ? fmt::format("{:.9g}", *value) : "NA");
    }
    file_->write_row(row);
  }

  void save_state(CallbackState& state) const override {
    state.texts.emplace_back(train::kFileOfCallback, filename_);
    state.numbers.emplace_back("bytes", static_cast<double>(file_->size()));
  }
  void restore_state(const CallbackState& state) override {
    if (const auto bytes = state.integer("bytes")) file_->cut_to(*bytes);
  }

  void on_train_end(TrainingControl&, const Logs&) override {
    file_->close();
    file_.reset();
  }

 private:
  std::string filename_;
  CSVLoggerOptions options_;
  std::optional<train::CsvFile> file_;
  bool opened_before_ = false;
  std::vector<std::string> names_;
};

}  // namespace

std::shared_ptr<Callback> CSVLogger(std::string filename, CSVLoggerOptions options) {
  return std::make_shared<CSVLoggerCallback>(std::move(filename), std::move(options));
}

}  // namespace tenon
