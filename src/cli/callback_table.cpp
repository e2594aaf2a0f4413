// Callbacks of [fit] by their words.
#include <fmt/format.h>

#include <filesystem>

#include "cli/fit_parts.hpp"
#include "cli/known_words.hpp"
#include "tenon/callbacks.hpp"

namespace tenon::cli {
namespace {

using data::ArgumentValue;

std::string in_folder(const std::string& folder, const std::string& file) {
  return folder.empty() ? file : (std::filesystem::path(folder) / file).string();
}

std::shared_ptr<Callback> early_stopping(TableReader& table, const std::string&) {
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
  if (const auto value = table.text_or_integer("save_freq")) options.save_freq = *value;
  if (const auto value = table.integer("max_to_keep"))
    options.max_to_keep = static_cast<int>(*value);
  return ModelCheckpoint(in_folder(folder, path), options);
}

std::shared_ptr<Callback> csv_logger(TableReader& table, const std::string& folder) {
  CSVLoggerOptions options;
  const std::string path = table.text("filename").value_or("log.csv");
  if (const auto value = table.text("separator")) options.separator = *value;
  if (const auto value = table.boolean("append")) options.append = *value;
  return CSVLogger(in_folder(folder, path), options);
}

std::shared_ptr<Callback> terminate_on_nan(TableReader&, const std::string&) {
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
  std::vector<std::string> known;
  for (const CallbackEntry& entry : callback_entries()) {
    known.emplace_back(entry.word);
    if (entry.word != word) continue;
    auto made = with_line(line_of(value), problems, std::shared_ptr<Callback>(),
                          [&] { return entry.make(table, folder); });
    table.finish();
    return made;
  }
  problems.unknown(line_of(value), "callback", word, known);
  return nullptr;
}

}  // namespace

const std::vector<CallbackEntry>& callback_entries() {
  using Type = data::ArgumentType;
  static const data::ArgumentDescriptor kMonitor = {"monitor", Type::kText, false, "\"val_loss\"",
                                                    "the name in the logs that is watched"};
  static const data::ArgumentDescriptor kMode = {
      "mode", Type::kText, false, "\"auto\"",
      "\"min\", \"max\", or \"auto\": by the metric's own direction"};
  static const std::vector<CallbackEntry> entries = {
      {"early_stopping",
       "ends the training when the monitor no longer gets better",
       {kMonitor,
        {"min_delta", Type::kNumber, false, "0.0", "a smaller change is none"},
        {"patience", Type::kInteger, false, "0", "epochs without a better one"},
        kMode,
        {"baseline", Type::kNumber, false, "", "what the monitor has to be better than"},
        {"restore_best_weights", Type::kBool, false, "false", "go back to the best epoch's"},
        {"start_from_epoch", Type::kInteger, false, "0", "epochs that are not looked at"}},
       early_stopping},
      {"model_checkpoint",
       "writes the model after epochs or steps",
       {{"filepath", Type::kText, false, "\"checkpoint-{epoch:02d}.keras\"",
         "in the output folder; may hold {epoch:02d} and {val_loss:.2f}"},
        kMonitor,
        {"save_best_only", Type::kBool, false, "false", "only where the monitor got better"},
        {"save_weights_only", Type::kBool, false, "false", "a .weights.h5 file"},
        kMode,
        {"save_freq", Type::kText, false, "\"epoch\"",
         "\"epoch\", a number of steps, or seconds: \"60s\""},
        {"max_to_keep", Type::kInteger, false, "0", "the newest so many files stay; 0: all"}},
       model_checkpoint},
      {"csv_logger",
       "a row per epoch (history.csv of the output folder is written without it)",
       {{"filename", Type::kText, false, "\"log.csv\"", "in the output folder"},
        {"separator", Type::kText, false, "\",\"", "between cells"},
        {"append", Type::kBool, false, "false", "go on in a file that is there"}},
       csv_logger},
      {"terminate_on_nan",
       "ends the training when the loss is no number, in place of the error D002",
       {},
       terminate_on_nan}};
  return entries;
}

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
