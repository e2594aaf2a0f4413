#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "io/readers/load_stage.hpp"
#include "io/readers/volume.hpp"

namespace tenon {
namespace readers {
namespace {

class LoadVolumeStage final : public LoadStage {
 public:
  LoadVolumeStage(std::string from, std::string to, LoadVolumeOptions options,
                  SourceLocation location)
      : LoadStage("load_volume", std::move(from), std::move(to), options.root, location),
        options_(std::move(options)) {}

 protected:
  TensorSpec spec() const override {
    const Dim channels = options_.channels == 0 ? Dim::unknown() : Dim(options_.channels);
    return {options_.dtype, {Dim::unknown(), Dim::unknown(), Dim::unknown(), channels}, "DHWC"};
  }
  Tensor read(const std::string& path) const override {
    return load_volume(path, options_.channels, options_.dtype, options_.series);
  }
  std::unique_ptr<FileValue> open(const std::string& path) const override {
    return open_volume(path, options_);
  }
  std::string more_arguments() const override {
    return fmt::format("{} {} {:?}", options_.channels, name_of(options_.dtype), options_.series);
  }

 private:
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
