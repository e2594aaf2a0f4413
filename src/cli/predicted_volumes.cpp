#include "cli/predicted_volumes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "cli/json_value.hpp"
#include "cli/run_parts.hpp"
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

  /// Whether there is one sample or more is known with the second, or at the end.
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
  void finish() {
    if (pending_) write(pending_->first, pending_->second);
    pending_.reset();
  }

  struct File {
    std::string path;
    SampleIdentity sample;
  };
  const std::vector<File>& files() const { return files_; }

 private:
  void write(const NamedTensors& outputs, const SampleIdentity& sample) {
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
      if (several_) file += fmt::format("_{}", sample.index < 0 ? count_ : sample.index);
      file += ending_;
      save_volume(file, options_.labels ? class_ids(value) : value);
      files_.push_back({file, sample});
    }
    ++count_;
  }

  const PredictOptions& options_;
  bool several_ = false;
  std::optional<std::pair<NamedTensors, SampleIdentity>> pending_;
  std::string stem_;
  std::string ending_;
  std::int64_t count_ = 0;
  std::vector<File> files_;
};

std::string to_json(const VolumeWriter& writer, const PredictResult& result) {
  nlohmann::ordered_json out;
  out["ok"] = true;
  out["bad_samples"] = result.bad_samples.size();
  out["files"] = nlohmann::ordered_json::array();
  for (const auto& file : writer.files()) {
    out["files"].push_back({{"path", file.path}, {"sample", to_string(file.sample)}});
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
  VolumeWriter writer(options);
  arguments.on_sample = [&](const NamedTensors& outputs, const SampleIdentity& sample) {
    writer.take(outputs, sample);
  };
  const PredictResult result = model.predict(dataset, arguments);
  writer.finish();
  if (!options.common.quiet) {
    for (const auto& file : writer.files()) {
      print_error(fmt::format("{} -> {}\n", to_string(file.sample), file.path));
    }
    for (const BadSample& bad : result.bad_samples) {
      print_error(fmt::format("  left out: {}: {}\n", to_string(bad.source), bad.reason));
    }
  }
  if (options.common.format == Format::kJson) print(to_json(writer, result));
  return kDone;
}

}  // namespace tenon::cli
