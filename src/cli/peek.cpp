#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "cli/commands.hpp"
#include "cli/json_value.hpp"
#include "cli/profile.hpp"
#include "cli/run_parts.hpp"
#include "io/readers/image_writer.hpp"
#include "io/report/contact_sheet.hpp"
#include "io/report/views.hpp"
#include "tenon/error.hpp"

namespace tenon::cli {
namespace {

/// The first samples after all stages, unbatched: per key, one tensor per sample.
using Samples = std::vector<std::pair<std::string, std::vector<Tensor>>>;

Tensor row_of(const Tensor& batch, std::int64_t row) {
  Tensor one = batch.row(row).clone();
  if (const Geometry* geometry = batch.row_geometry(row)) one.set_geometry(*geometry);
  return one;
}

Samples first_samples(const Dataset& dataset, std::int64_t count,
                      std::vector<SampleIdentity>& identities) {
  Samples samples;
  for (const Field& field : dataset.schema())
    samples.emplace_back(field.key, std::vector<Tensor>{});
  DatasetIterator iterator = dataset.iterate();
  Record record;
  std::int64_t taken = 0;
  while (taken < count && iterator.next(record)) {
    const std::int64_t rows = dataset.batched() ? record[0].dim(0) : 1;
    const std::int64_t used = std::min(rows, count - taken);
    for (std::int64_t row = 0; row < used; ++row) {
      for (std::size_t slot = 0; slot < record.size(); ++slot)
        samples[slot].second.push_back(dataset.batched() ? row_of(record[slot], row)
                                                         : record[slot]);
      const auto position = static_cast<std::size_t>(row);
      identities.push_back(position < record.samples().size() ? record.samples()[position]
                                                              : SampleIdentity{});
    }
    taken += used;
  }
  return samples;
}

struct ValueRange {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  double mean = 0.0;
  std::int64_t not_numbers = 0;
};

/// Of a tensor that is neither text nor empty: of its numbers, NaN where there are none.
ValueRange range_of(const Tensor& value) {
  const Tensor floats = value.cast(DType::kFloat64);
  ValueRange range;
  for (const double each : floats.data<double>()) {
    if (std::isnan(each)) {
      ++range.not_numbers;
      continue;
    }
    range.low = std::min(range.low, each);
    range.high = std::max(range.high, each);
    range.mean += each;
  }
  const std::int64_t numbers = value.size() - range.not_numbers;
  range.mean /= static_cast<double>(numbers);
  if (numbers == 0) range.low = range.high = std::numeric_limits<double>::quiet_NaN();
  return range;
}

std::string numbers_text(const Tensor& value) {
  if (value.dtype() == DType::kString)
    return value.size() == 1 ? quote_key(value.data<std::string>()[0]) : "";
  if (value.size() == 0) return "empty";
  const ValueRange range = range_of(value);
  if (value.size() == 1) return fmt::format("{:g}", range.low);
  if (range.not_numbers == value.size()) return "all NaN";
  std::string text = fmt::format("{:g} to {:g}, mean {:.4g}", range.low, range.high, range.mean);
  if (range.not_numbers > 0) text += fmt::format(", {} NaN", range.not_numbers);
  return text;
}

nlohmann::ordered_json json_of(const Tensor& value) {
  nlohmann::ordered_json out;
  out["dtype"] = name_of(value.dtype());
  out["shape"] = value.shape().dims();
  if (value.dtype() == DType::kString) {
    out["values"] = value.data<std::string>();
  } else if (value.size() > 0) {
    const ValueRange range = range_of(value);
    out["min"] = json_number(range.low);
    out["max"] = json_number(range.high);
    out["mean"] = json_number(range.mean);
    if (range.not_numbers > 0) out["nan"] = range.not_numbers;
  }
  return out;
}

std::string to_json(const Samples& samples, const std::vector<SampleIdentity>& identities,
                    const std::string& output) {
  nlohmann::ordered_json out;
  out["ok"] = true;
  out["output"] = json_text(output);
  out["samples"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < identities.size(); ++i) {
    const SampleIdentity& identity = identities[i];
    nlohmann::ordered_json sample;
    sample["index"] = identity.index < 0 ? static_cast<std::int64_t>(i) : identity.index;
    if (!identity.file.empty()) sample["file"] = identity.file;
    if (identity.row >= 0) sample["row"] = identity.row;
    for (const auto& [key, values] : samples) sample["keys"][key] = json_of(values[i]);
    out["samples"].push_back(std::move(sample));
  }
  return json_output(out);
}

std::string table_text(const Samples& samples, const std::vector<SampleIdentity>& identities) {
  std::string text;
  std::size_t width = 0;
  for (const auto& [key, values] : samples) width = std::max(width, visible(key).size());
  for (std::size_t i = 0; i < identities.size(); ++i) {
    const SampleIdentity& identity = identities[i];
    text += fmt::format("sample {}",
                        identity.index < 0 ? static_cast<std::int64_t>(i) : identity.index);
    if (!identity.file.empty()) text += fmt::format("  {}", identity.file);
    if (identity.row >= 0) text += fmt::format(", row {}", identity.row);
    text += "\n";
    for (const auto& [key, values] : samples) {
      const std::string spec = TensorSpec::of(values[i].dtype(), values[i].shape()).to_string();
      text +=
          fmt::format("  {:<{}}  {:<20}  {}\n", visible(key), width, spec, numbers_text(values[i]));
    }
  }
  return text;
}

bool stackable(const std::vector<Tensor>& values) {
  return std::all_of(values.begin(), values.end(),
                     [&](const Tensor& value) { return value.shape() == values.front().shape(); });
}

void write_npz(const std::string& path, const Samples& samples) {
  NamedTensors arrays;
  for (const auto& [key, values] : samples) {
    if (values.empty()) continue;
    if (stackable(values)) {
      arrays.emplace_back(key, stack(values));
      continue;
    }
    for (std::size_t i = 0; i < values.size(); ++i)
      arrays.emplace_back(fmt::format("{}_{}", key, i), values[i]);
  }
  save_npz(path, arrays);
}

using ClassNames = std::vector<std::pair<std::string, std::vector<std::string>>>;

/// `cell RBC`: the key, and its class's name, number or text; empty if it has more than one value.
std::string word_of(const std::string& key, const Tensor& value, const ClassNames& classes) {
  if (value.size() != 1) return {};
  if (value.dtype() == DType::kString)
    return fmt::format("{} {}", visible(key), visible(value.data<std::string>()[0]));
  const double number = value.cast(DType::kFloat64).data<double>()[0];
  for (const auto& [name, words] : classes) {
    if (name != key || !(number >= 0.0 && number < static_cast<double>(words.size()))) continue;
    return fmt::format("{} {}", visible(key), visible(words[static_cast<std::size_t>(number)]));
  }
  return fmt::format("{} {:.5g}", visible(key), number);
}

void write_picture(const std::string& path, const Samples& samples,
                   const std::vector<SampleIdentity>& identities, const ClassNames& classes) {
  std::vector<report::ContactSample> shown(identities.size());
  bool any = false;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const std::int64_t index = identities[i].index;
    shown[i].words.push_back(fmt::format("#{}", index < 0 ? static_cast<std::int64_t>(i) : index));
    for (const auto& [key, values] : samples) {
      auto views = report::views_of(key, values[i]);
      any = any || !views.empty();
      if (std::string word; views.empty() && !(word = word_of(key, values[i], classes)).empty())
        shown[i].words.push_back(std::move(word));
      std::ranges::move(views, std::back_inserter(shown[i].images));
    }
  }
  if (shown.empty()) {
    throw_argument_error("peek --output " + path, "no samples", "at least one to be drawn",
                         "look at what the source reads");
  }
  if (!any) {
    throw_argument_error("peek --output " + path, "samples without an image",
                         "numbers of shape (height, width), with channels, or with depth",
                         "write an .npz instead");
  }
  readers::write_png(path, report::contact_sheet(shown));
}

/// Runs an epoch of what a training would take, or as many samples of it as were asked for.
DataProfile run_profile(const Dataset& dataset, const Experiment& experiment,
                        const PeekOptions& options) {
  const bool endless = dataset.cardinality().kind == Cardinality::Kind::kInfinite;
  const bool bounded = options.counted || endless;
  IterateOptions iterate;
  iterate.seed = experiment.seed;
  if (experiment.fit) iterate.threads = experiment.fit->fit.data_threads;
  DatasetIterator iterator = dataset.iterate(iterate);
  Record record;
  std::int64_t samples = 0;
  while ((!bounded || samples < options.count) && iterator.next(record)) {
    samples += std::max<std::int64_t>(1, static_cast<std::int64_t>(record.samples().size()));
  }
  return iterator.profile();
}

int peek_profile(const Dataset& dataset, const Experiment& experiment, const PeekOptions& options) {
  const DataProfile profile = run_profile(dataset, experiment, options);
  if (options.common.format == Format::kJson) {
    nlohmann::ordered_json out;
    out["ok"] = true;
    out["profile"] = profile_json(profile);
    print(json_output(out));
  } else {
    print(profile_text(profile));
  }
  return kDone;
}

}  // namespace

int peek(const PeekOptions& options) {
  if (!options.output.empty()) require_ending("peek", options.output, {".npz", ".png"});
  const Experiment experiment =
      load_experiment(options.file, options.sets, {.model = false, .fit = false});
  const ConsoleSinks sinks(options.common);
  const Dataset dataset = build_dataset(experiment, require_split(experiment, options.split));
  if (options.profile) return peek_profile(dataset, experiment, options);
  std::vector<SampleIdentity> identities;
  const Samples samples = first_samples(dataset, options.count, identities);
  if (options.common.format == Format::kJson) {
    print(to_json(samples, identities, options.output));
  } else if (!options.common.quiet) {
    print(identities.empty() ? fmt::format("no samples: [data.{}] gives none\n", options.split)
                             : table_text(samples, identities));
  }
  if (options.output.ends_with(".npz")) {
    write_npz(options.output, samples);
  } else if (options.output.ends_with(".png")) {
    write_picture(options.output, samples, identities, class_names(experiment));
  }
  return 0;
}

}  // namespace tenon::cli
