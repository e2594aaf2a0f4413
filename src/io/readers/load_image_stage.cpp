#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "data/stages/named_stage.hpp"
#include "io/readers/image.hpp"

namespace tenon {
namespace readers {
namespace {

/// Puts the image's file into errors of reading it: the sample's own file is the table that named
/// it.
template <class ErrorClass>
[[noreturn]] void throw_for_file(const ErrorClass& error, SampleIdentity sample,
                                 const std::string& file) {
  sample.file = file;
  sample.row = -1;
  std::vector<Diagnostic> diagnostics = error.diagnostics();
  for (Diagnostic& diagnostic : diagnostics) {
    diagnostic.sample = sample;
  }
  throw ErrorClass(std::move(diagnostics));
}

class LoadImageStage : public data::NamedStage<data::SampleStage> {
 public:
  LoadImageStage(std::string from, std::string to, LoadImageOptions options,
                 SourceLocation location)
      : NamedStage("load_image", location),
        from_(std::move(from)),
        to_(std::move(to)),
        options_(std::move(options)) {}

  void edit(data::SchemaEditor& editor) const override {
    if (const TensorSpec* spec = editor.require(from_)) {
      check_paths(editor, *spec);
    }
    const Dim channels = options_.channels == 0 ? Dim::unknown() : Dim(options_.channels);
    TensorSpec image(options_.dtype, {Dim::unknown(), Dim::unknown(), channels}, "HWC");
    to_ == from_ ? editor.change(to_, std::move(image)) : editor.add(to_, std::move(image), from_);
  }

  std::string arguments() const override {
    return fmt::format("{:?} {:?} {:?} {} {}", from_, to_, options_.root, options_.channels,
                       name_of(options_.dtype));
  }

  std::optional<data::FileKey> file_key() const override {
    return data::FileKey{from_, options_.root};
  }

  data::SampleFunction bind(std::shared_ptr<const Schema> in,
                            std::shared_ptr<const Schema> out) const override {
    const std::size_t path_slot = in->slot(from_);
    const std::size_t image_slot = out->slot(to_);
    std::vector<std::size_t> origins(out->size(), 0);
    for (std::size_t slot = 0; slot < out->size(); ++slot) {
      origins[slot] = slot == image_slot ? path_slot : in->slot((*out)[slot].key);
    }
    return [options = options_, path_slot, image_slot, origins = std::move(origins),
            out = std::move(out)](Record record, const data::SampleContext&) {
      Tensor image = load(record[path_slot].item<std::string>(), options, record.sample());
      std::vector<Tensor> values;
      values.reserve(origins.size());
      for (std::size_t slot = 0; slot < origins.size(); ++slot) {
        values.push_back(slot == image_slot ? image : record[origins[slot]]);
      }
      return Record(out, std::move(values), std::move(record.samples()));
    };
  }

 private:
  void check_paths(data::SchemaEditor& editor, const TensorSpec& spec) const {
    if (spec.dtype != DType::kString) {
      editor.problem(make_diagnostic(
          "D001", fmt::format("load_image: {} is {}, not text", quote_key(from_), spec.to_string()),
          {"a path for each sample is needed"}));
    } else if (!spec.rank_known || spec.rank() != 0) {
      editor.problem(make_diagnostic(
          "S002",
          fmt::format("load_image: {} is {}, not one path", quote_key(from_), spec.to_string()), {},
          "put load_image before batch"));
    }
  }

  static Tensor load(const std::string& name, const LoadImageOptions& options,
                     const SampleIdentity& sample) {
    // operator/ keeps an absolute name as it is.
    const std::string path = (std::filesystem::path(options.root) / name).string();
    try {
      return load_image(path, options.channels, options.dtype);
    } catch (const FormatError& error) {
      throw_for_file(error, sample, path);
    } catch (const DataError& error) {
      throw_for_file(error, sample, path);
    }
  }

  std::string from_;
  std::string to_;
  LoadImageOptions options_;
};

void check_options(const LoadImageOptions& options) {
  constexpr std::array kChannels = {0, 1, 3, 4};
  if (std::find(kChannels.begin(), kChannels.end(), options.channels) == kChannels.end()) {
    throw_argument_error("load_image", fmt::format("channels = {}", options.channels),
                         "1 (grey), 3 (colour), 4 (colour and alpha) or 0 (as in the file)");
  }
  constexpr std::array kDTypes = {DType::kUInt8, DType::kUInt16, DType::kInt32, DType::kFloat32};
  if (std::find(kDTypes.begin(), kDTypes.end(), options.dtype) == kDTypes.end()) {
    throw_argument_error("load_image", fmt::format("dtype = \"{}\"", name_of(options.dtype)),
                         "uint8, uint16, int32 or float32");
  }
}

}  // namespace
}  // namespace readers

Dataset Dataset::load_image(std::string from, std::string to, LoadImageOptions options,
                            Here location) const {
  readers::check_options(options);
  return stage(std::make_shared<readers::LoadImageStage>(std::move(from), std::move(to),
                                                         std::move(options), location));
}

}  // namespace tenon
