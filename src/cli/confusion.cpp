#include "cli/confusion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace tenon::cli {
namespace {

double ratio(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(part) / static_cast<double>(whole);
}

std::string share(double value) {
  return value != value ? std::string("-") : fmt::format("{:.4f}", value);
}

}  // namespace

std::int64_t Confusion::total() const {
  std::int64_t sum = 0;
  for (const auto& row : counts) {
    for (const std::int64_t count : row) sum += count;
  }
  return sum;
}

double Confusion::accuracy() const {
  std::int64_t right = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) right += counts[i][i];
  return ratio(right, total());
}

double Confusion::recall(std::size_t class_id) const {
  std::int64_t sum = 0;
  for (const std::int64_t count : counts[class_id]) sum += count;
  return ratio(counts[class_id][class_id], sum);
}

double Confusion::precision(std::size_t class_id) const {
  std::int64_t sum = 0;
  for (const auto& row : counts) sum += row[class_id];
  return ratio(counts[class_id][class_id], sum);
}

Confusion::Confusion(std::vector<std::string> names, std::size_t count)
    : classes(std::move(names)), counts(count, std::vector<std::int64_t>(count, 0)) {
  for (std::size_t id = classes.size(); id < count; ++id) classes.push_back(std::to_string(id));
  classes.resize(count);
}

void Confusion::add(const Tensor& probabilities, const Tensor& labels) {
  const std::size_t width = classes.size();
  const auto scores = probabilities.data<float>();
  const Tensor ids = labels.cast(DType::kInt64);
  const auto truth = ids.data<std::int64_t>();
  for (std::size_t row = 0; row < truth.size(); ++row) {
    const auto first = scores.begin() + static_cast<std::ptrdiff_t>(row * width);
    const auto best = std::max_element(first, first + static_cast<std::ptrdiff_t>(width)) - first;
    const auto id = static_cast<std::size_t>(truth[row]);
    if (truth[row] >= 0 && id < width) ++counts[id][static_cast<std::size_t>(best)];
  }
}

std::string to_text(const Confusion& confusion) {
  std::size_t name_width = 5;
  for (const std::string& name : confusion.classes) name_width = std::max(name_width, name.size());
  std::string text = fmt::format("  {:<{}}  {:>7}  {:>9}  {:>7}   taken for\n", "class", name_width,
                                 "recall", "precision", "samples");
  for (std::size_t i = 0; i < confusion.classes.size(); ++i) {
    std::int64_t samples = 0;
    std::string taken;
    for (std::size_t j = 0; j < confusion.classes.size(); ++j) {
      samples += confusion.counts[i][j];
      if (confusion.counts[i][j] > 0)
        taken += fmt::format("{} {}  ", confusion.classes[j], confusion.counts[i][j]);
    }
    while (!taken.empty() && taken.back() == ' ') taken.pop_back();
    text += fmt::format("  {:<{}}  {:>7}  {:>9}  {:>7}   {}\n", confusion.classes[i], name_width,
                        share(confusion.recall(i)), share(confusion.precision(i)), samples, taken);
  }
  return text;
}

}  // namespace tenon::cli
