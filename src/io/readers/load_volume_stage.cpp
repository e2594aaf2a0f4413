#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "data/stages/named_stage.hpp"
#include "io/readers/volume.hpp"

namespace tenon {
namespace readers {
namespace {

class LoadVolumeStage : public data::NamedStage<data::SampleStage> {
 public:
  LoadVolumeStage(std::string from, std::string to, LoadVolumeOptions options,
                  SourceLocation location)
      : NamedStage("load_volume", location),
        from_(std::move(from)),
        to_(std::move(to)),
        options_(std::move(options)) {}

  void edit(data::SchemaEditor& editor) const override {
    if (const TensorSpec* spec = editor.require(from_)) check_paths(editor, *spec);
    const Dim channels = options_.channels == 0 ? Dim::unknown() : Dim(options_.channels);
    TensorSpec volume(options_.dtype, {Dim::unknown(), Dim::unknown(), Dim::unknown(), channels},
                      "DHWC");
    to_ == from_ ? editor.change(to_, std::move(volume))
                 : editor.add(to_, std::move(volume), from_);
  }

  std::string arguments() const override {
    return fmt::format("{:?} {:?} {:?} {} {} {:?}", from_, to_, options_.root, options_.channels,
                       name_of(options_.dtype), options_.series);
  }

  std::optional<data::FileKey> file_key() const override {
    return data::FileKey{from_, options_.root};
  }

  data::SampleFunction bind(std::shared_ptr<const Schema> in,
                            std::shared_ptr<const Schema> out) const override {
    const std::size_t from = in->slot(from_);
    const std::size_t to = out->slot(to_);
    return [this, from, to, out](Record record, const data::SampleContext&) {
      std::vector<Tensor> values = record.values();
      Tensor volume = load(values[from].item<std::string>(), record.sample());
      values.resize(out->size());
      values[to] = std::move(volume);
      return Record(out, std::move(values), std::move(record.samples()));
    };
  }

 private:
  void check_paths(data::SchemaEditor& editor, const TensorSpec& spec) const {
    if (spec.dtype != DType::kString) {
      editor.problem(make_diagnostic(
          "D001",
          fmt::format("load_volume: {} is {}, not text", quote_key(from_), spec.to_string()),
          {"a path for each sample is needed"}));
    } else if (!spec.rank_known || spec.rank() != 0) {
      editor.problem(make_diagnostic(
          "S002",
          fmt::format("load_volume: {} is {}, not one path", quote_key(from_), spec.to_string()),
          {}, "put load_volume before batch"));
    }
  }

  Tensor load(const std::string& name, const SampleIdentity& sample) const {
    // operator/ keeps an absolute name as it is.
    const std::string path = (std::filesystem::path(options_.root) / name).string();
    try {
      return load_volume(path, options_.channels, options_.dtype, options_.series);
    } catch (const FormatError& error) {
      throw FormatError(for_file(error, sample, path));
    } catch (const DataError& error) {
      throw DataError(for_file(error, sample, path));
    }
  }

  /// The sample's own file is the table that named the volume.
  static std::vector<Diagnostic> for_file(const Error& error, SampleIdentity sample,
                                          const std::string& path) {
    sample.file = path;
    sample.row = -1;
    std::vector<Diagnostic> diagnostics = error.diagnostics();
    for (Diagnostic& diagnostic : diagnostics) diagnostic.sample = sample;
    return diagnostics;
  }

  std::string from_;
  std::string to_;
  LoadVolumeOptions options_;
};

void check_options(const LoadVolumeOptions& options) {
  if (options.channels < 0 || options.channels > 4096) {
    throw_argument_error("load_volume", fmt::format("channels = {}", options.channels),
                         "how many a voxel has, or 0 (as in the file)");
  }
  constexpr std::array kDTypes = {DType::kFloat32, DType::kUInt8,  DType::kInt8,
                                  DType::kInt16,   DType::kUInt16, DType::kInt32};
  if (std::ranges::find(kDTypes, options.dtype) == kDTypes.end()) {
    throw_argument_error("load_volume", fmt::format("dtype = \"{}\"", name_of(options.dtype)),
                         "float32, uint8, int8, int16, uint16 or int32");
  }
}

}  // namespace
}  // namespace readers

Dataset Dataset::load_volume(std::string from, std::string to, LoadVolumeOptions options,
                             Here location) const {
  readers::check_options(options);
  return stage(std::make_shared<readers::LoadVolumeStage>(std::move(from), std::move(to),
                                                          std::move(options), location));
}

}  // namespace tenon
