// Callbacks of [fit] by their words.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/fit_parts.hpp"
#include "tenon/callbacks.hpp"

namespace tenon::cli {
namespace {

using data::ArgumentValue;

const std::vector<std::string> kWords = {"early_stopping", "model_checkpoint", "csv_logger",
                                         "terminate_on_nan"};

std::string in_folder(const std::string& folder, const std::string& file) {
  return folder.empty() ? file : (std::filesystem::path(folder) / file).string();
}

std::shared_ptr<Callback> early_stopping(TableReader& table) {
  EarlyStoppingOptions options;
  if (const auto value = table.text("monitor")) options.monitor = *value;
  if (const auto value = table.number("min_delta")) options.min_delta = *value;
  if (const auto value = table.integer("patience")) options.patience = static_cast<int>(*value);
  if (const auto value = table.text("mode")) options.mode = *value;
  if (const auto value = table.number("baseline")) options.baseline = *value;
  if (const auto value = table.boolean("restore_best_weights"))
    options.restore_best_weights = *value;
  if (const auto value = table.integer("start_from_epoch"))
    options.start_from_epoch = static_cast<int>(*value);
  return EarlyStopping(options);
}

std::shared_ptr<Callback> model_checkpoint(TableReader& table, const std::string& folder) {
  ModelCheckpointOptions options;
  const std::string path = table.text("filepath").value_or("checkpoint-{epoch:02d}.keras");
  if (const auto value = table.text("monitor")) options.monitor = *value;
  if (const auto value = table.boolean("save_best_only")) options.save_best_only = *value;
  if (const auto value = table.boolean("save_weights_only")) options.save_weights_only = *value;
  if (const auto value = table.text("mode")) options.mode = *value;
  if (const auto value = table.text("save_freq")) options.save_freq = *value;
  return ModelCheckpoint(in_folder(folder, path), options);
}

std::shared_ptr<Callback> csv_logger(TableReader& table, const std::string& folder) {
  CSVLoggerOptions options;
  const std::string path = table.text("filename").value_or("log.csv");
  if (const auto value = table.text("separator")) options.separator = *value;
  if (const auto value = table.boolean("append")) options.append = *value;
  return CSVLogger(in_folder(folder, path), options);
}

std::shared_ptr<Callback> make_callback(const std::string& word, TableReader& table,
                                        const std::string& folder) {
  if (word == "early_stopping") return early_stopping(table);
  if (word == "model_checkpoint") return model_checkpoint(table, folder);
  if (word == "csv_logger") return csv_logger(table, folder);
  return TerminateOnNaN();
}

std::shared_ptr<Callback> read_callback(const ArgumentValue& value, const std::string& folder,
                                        Problems& problems) {
  if (!std::holds_alternative<data::ArgumentMap>(value.value)) {
    problems.add(value.line,
                 fmt::format("a callback is {} where a table is expected", type_word(value)),
                 "write { name = \"early_stopping\", monitor = \"val_loss\" }");
    return nullptr;
  }
  TableReader table(value, "a callback", problems);
  const std::string word = table.text("name").value_or("");
  if (std::find(kWords.begin(), kWords.end(), word) == kWords.end()) {
    problems.unknown(line_of(value), "callback", word, kWords);
    return nullptr;
  }
  auto made = with_line(line_of(value), problems, std::shared_ptr<Callback>(),
                        [&] { return make_callback(word, table, folder); });
  table.finish();
  return made;
}

}  // namespace

Callbacks read_callbacks(const ArgumentValue& value, const std::string& folder,
                         Problems& problems) {
  Callbacks out;
  const auto* list = std::get_if<ArgumentValue::List>(&value.value);
  if (list == nullptr) problems.add(value.line, "callbacks of fit is a list of tables");
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    if (auto callback = read_callback((*list)[i], folder, problems))
      out.push_back(std::move(callback));
  }
  return out;
}

}  // namespace tenon::cli
