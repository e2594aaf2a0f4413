// How a plan is shown to people and to programs.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "tenon/plan.hpp"

namespace tenon {
namespace {

constexpr std::size_t kColumns = 5;
using Row = std::array<std::string, kColumns>;

/// "27.97 GFLOP", "" for none.
std::string operation_text(double operations) {
  if (operations <= 0.0) return {};
  if (operations < 1e6) return fmt::format("{:.3g} kFLOP", 1e-3 * operations);
  if (operations < 1e9) return fmt::format("{:.4g} MFLOP", 1e-6 * operations);
  return fmt::format("{:.4g} GFLOP", 1e-9 * operations);
}

std::string thread_text(int threads) {
  return threads == 1 ? "1 thread" : fmt::format("{} threads", threads);
}

std::size_t width_of(const std::string& text) {
  // Every byte that begins a character.
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string table(const std::vector<Row>& rows) {
  std::array<std::size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < kColumns; ++i) {
      const std::string blanks(widths[i] - width_of(row[i]), ' ');
      const bool number = i >= 3;
      line += (i == 0 ? "" : "  ") + (number ? blanks + row[i] : row[i] + blanks);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

using Parts = std::vector<std::pair<const char*, std::int64_t>>;

Parts parts_of(const MemoryForecast& memory) {
  return {{"activations", memory.activations}, {"weights", memory.weights},
          {"optimizer", memory.optimizer},     {"batches", memory.batches},
          {"scratch", memory.scratch},         {"engine", memory.engine}};
}

}  // namespace

std::string byte_text(std::int64_t bytes) {
  const auto size = static_cast<double>(bytes);
  if (size < 1e3) return fmt::format("{} B", bytes);
  if (size < 1e6) return fmt::format("{:.3g} kB", 1e-3 * size);
  if (size < 999.5e6) return fmt::format("{:.3g} MB", 1e-6 * size);
  return fmt::format("{:.1f} GB", 1e-9 * size);
}

double ModelPlan::operations() const {
  double sum = 0.0;
  for (const PlannedStep& step : steps) sum += step.operations;
  return sum;
}

std::int64_t ModelPlan::bytes() const {
  std::int64_t sum = 0;
  for (const PlannedStep& step : steps) sum += step.bytes;
  return sum;
}

std::string ModelPlan::to_string() const {
  std::vector<Row> rows{{"step", "layer", "kernel", "operations", "bytes"}};
  for (const PlannedStep& step : steps) {
    rows.push_back({step.operation, step.layer, step.kernel, operation_text(step.operations),
                    byte_text(step.bytes)});
  }
  rows.push_back({fmt::format("{} steps", steps.size()), "", "", operation_text(operations()),
                  byte_text(bytes())});
  std::string text =
      fmt::format("Plan of \"{}\": {}, batch {}, {}, {}\n{}\n\n{}\nneeds {} at batch {}", model,
                  mode, batch_size, precision, thread_text(threads), engine, table(rows),
                  byte_text(memory.total()), batch_size);
  const char* separator = ": ";
  for (const auto& [name, bytes] : parts_of(memory)) {
    if (bytes == 0) continue;
    text += fmt::format("{}{} {}", separator, name, byte_text(bytes));
    separator = ", ";
  }
  return text;
}

std::string ModelPlan::to_json() const {
  nlohmann::ordered_json out;
  out["model"] = model;
  out["mode"] = mode;
  out["engine"] = engine;
  out["precision"] = precision;
  out["threads"] = threads;
  out["batch_size"] = batch_size;
  out["operations"] = operations();
  out["bytes"] = bytes();
  for (const auto& [name, bytes] : parts_of(memory)) out["memory"][name] = bytes;
  out["memory"]["total"] = memory.total();
  out["steps"] = nlohmann::ordered_json::array();
  for (const PlannedStep& step : steps) {
    out["steps"].push_back({{"operation", step.operation},
                            {"layer", step.layer},
                            {"kernel", step.kernel},
                            {"operations", step.operations},
                            {"bytes", step.bytes},
                            {"reorder", step.reorder}});
  }
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace tenon
