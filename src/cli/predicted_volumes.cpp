#include "cli/predicted_volumes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "cli/json_value.hpp"
#include "cli/run_parts.hpp"
#include "dist/communicator.hpp"
#include "tenon/error.hpp"
#include "tenon/volume_file.hpp"

namespace tenon::cli {
namespace {

constexpr std::string_view kEndings[] = {".nii.gz", ".nii"};

/// The class of each voxel: the largest of several numbers, or whether one is above 0.5.
Tensor class_ids(const Tensor& volume) {
  const std::int64_t channels = volume.dim(-1);
  Shape shape = volume.shape();
  shape[shape.dims().size() - 1] = 1;
  Tensor out = Tensor::uninitialized(DType::kUInt8, shape);
  const auto values = volume.data<float>();
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const auto first = values.begin() + i * channels;
    const auto id =
        channels == 1 ? (*first > 0.5F ? 1 : 0) : std::max_element(first, first + channels) - first;
    out.data<std::uint8_t>()[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(id);
  }
  if (const Geometry* geometry = volume.geometry()) out.set_geometry(*geometry);
  return out;
}

[[noreturn]] void throw_written_twice(const std::string& file, const std::string& first,
                                      const std::string& second) {
  throw ContractError(make_diagnostic(
      "A001", fmt::format("predict: {} is written already", file),
      {fmt::format("it is of {}", first), fmt::format("and would be of {}", second)},
      "give the outputs and the samples names of their own, or write --output X.npz"));
}

/// Ranks do not know of each other how often a sample has come.
void require_each_sample_once(const Dataset& dataset, const Distribution& distribution) {
  if (distribution.size() == 1) return;
  for (const LineageStage& stage : dataset.lineage().stages) {
    if (stage.stage.name != "repeat") continue;
    Diagnostic problem = make_diagnostic(
        "A001", "predict: samples come more than once, and each is written by another rank",
        {"expected: data without repeat where several processes write volumes"},
        "take the repeat stage out, or predict with one process");
    problem.stage = stage.stage;
    throw ContractError(std::move(problem));
  }
}

class VolumeWriter {
 public:
  explicit VolumeWriter(const PredictOptions& options) : options_(options) {
    for (const std::string_view ending : kEndings) {
      if (!options.output.ends_with(ending)) continue;
      stem_ = options.output.substr(0, options.output.size() - ending.size());
      ending_ = ending;
      break;
    }
  }

  /// Whether there is one sample or more is known with the second, or at the end. Names are of the
  /// samples' places in the source, and of how often a sample has come before, if it has; where
  /// places are not known, of the order in which they come, which is that of one process where each
  /// rank has every `ranks`-th.
  void take(const NamedTensors& outputs, const SampleIdentity& sample) {
    if (pending_) {
      several_ = true;
      write(pending_->first, pending_->second);
      pending_.reset();
    }
    if (several_) return write(outputs, sample);
    pending_.emplace(outputs, sample);
    for (auto& [name, value] : pending_->first) value = value.clone();
  }
  /// `several`: there are others' samples.
  void finish(bool several) {
    several_ = several_ || several;
    if (pending_) write(pending_->first, pending_->second);
    pending_.reset();
  }
  std::int64_t taken() const { return count_ + (pending_ ? 1 : 0); }

  struct File {
    std::string path;
    std::string sample;
    std::int64_t index = -1;
  };
  const std::vector<File>& files() const { return files_; }

 private:
  void write(const NamedTensors& outputs, const SampleIdentity& sample) {
    const std::int64_t before = sample.index < 0 ? 0 : times_[sample.index]++;
    for (const auto& [name, value] : outputs) {
      if (value.rank() != 4) {
        throw ContractError(make_diagnostic(
            "A001",
            fmt::format("predict: output {} is {}", quote_key(name), value.shape().to_string()),
            {"a volume (depth, height, width, channels) can be written as NIfTI"},
            "write --output X.npz"));
      }
      std::string file = stem_;
      if (outputs.size() > 1) file += "_" + name;
      if (several_) file += fmt::format("_{}", sample.index < 0 ? place() : sample.index);
      if (before > 0) file += fmt::format("_{}", before + 1);
      file += ending_;
      require_new(file, sample);
      save_volume(file, options_.labels ? class_ids(value) : value);
      files_.push_back({file, to_string(sample), sample.index});
    }
    ++count_;
  }

  void require_new(const std::string& file, const SampleIdentity& sample) {
    const auto [known, added] = written_.try_emplace(file, to_string(sample));
    if (!added) throw_written_twice(file, known->second, to_string(sample));
  }
  std::int64_t place() const {
    return options_.distribution.rank() + count_ * options_.distribution.size();
  }

  const PredictOptions& options_;
  bool several_ = false;
  std::optional<std::pair<NamedTensors, SampleIdentity>> pending_;
  std::string stem_;
  std::string ending_;
  std::int64_t count_ = 0;
  std::map<std::int64_t, std::int64_t> times_;  ///< By the samples' places.
  std::map<std::string, std::string> written_;  ///< The sample of each file.
  std::vector<File> files_;
};

using Files = std::vector<VolumeWriter::File>;

/// Writes what is left, and tells rank 0 of all files, in the order of the samples.
Files finish_on_all(VolumeWriter& writer, const Distribution& distribution) {
  if (distribution.alone()) {
    writer.finish(false);
    return writer.files();
  }
  dist::Communicator& ranks = *distribution.communicator();
  ranks.at({.stage = "the volumes of all ranks"});
  double all = static_cast<double>(writer.taken());
  ranks.all_reduce(std::span(&all, 1));
  writer.finish(all > 1.0);
  nlohmann::ordered_json own = nlohmann::ordered_json::array();
  for (const auto& file : writer.files())
    own.push_back({json_text(file.path), json_text(file.sample), file.index});
  Files files;
  for (const std::string& text : ranks.gather(own.dump())) {
    for (const auto& each : nlohmann::ordered_json::parse(text)) {
      files.push_back({each.at(0).get<std::string>(), each.at(1).get<std::string>(),
                       each.at(2).get<std::int64_t>()});
    }
  }
  std::map<std::string, std::string> written;
  for (const auto& file : files) {
    const auto [known, added] = written.try_emplace(file.path, file.sample);
    if (!added) throw_written_twice(file.path, known->second, file.sample);
  }
  std::ranges::stable_sort(files, {}, &VolumeWriter::File::index);
  return files;
}

std::string to_json(const Files& files, const PredictResult& result) {
  nlohmann::ordered_json out;
  out["ok"] = true;
  out["bad_samples"] = result.bad_samples.size();
  out["files"] = nlohmann::ordered_json::array();
  for (const auto& file : files) {
    out["files"].push_back({{"path", file.path}, {"sample", file.sample}});
  }
  return json_output(out);
}

}  // namespace

bool is_volume_path(const std::string& path) {
  return std::ranges::any_of(kEndings,
                             [&](std::string_view ending) { return path.ends_with(ending); });
}

int predict_volumes(const PredictOptions& options, Model& model, const Dataset& dataset,
                    PredictArguments arguments) {
  require_each_sample_once(dataset, arguments.distribution);
  VolumeWriter writer(options);
  arguments.on_sample = [&](const NamedTensors& outputs, const SampleIdentity& sample) {
    writer.take(outputs, sample);
  };
  const PredictResult result = model.predict(dataset, arguments);
  const Files files = finish_on_all(writer, arguments.distribution);
  if (options.distribution.rank() != 0) return kDone;
  if (!options.common.quiet) {
    for (const auto& file : files) {
      print_error(fmt::format("{} -> {}\n", file.sample, file.path));
    }
    for (const BadSample& bad : result.bad_samples) {
      print_error(fmt::format("  left out: {}: {}\n", to_string(bad.source), bad.reason));
    }
  }
  if (options.common.format == Format::kJson) print(to_json(files, result));
  return kDone;
}

}  // namespace tenon::cli
