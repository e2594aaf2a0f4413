#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "io/readers/image.hpp"
#include "io/readers/load_stage.hpp"

namespace tenon {
namespace readers {
namespace {

class LoadImageStage final : public LoadStage {
 public:
  LoadImageStage(std::string from, std::string to, LoadImageOptions options,
                 SourceLocation location)
      : LoadStage("load_image", std::move(from), std::move(to), options.root, location),
        options_(std::move(options)) {}

 protected:
  TensorSpec spec() const override {
    const Dim channels = options_.channels == 0 ? Dim::unknown() : Dim(options_.channels);
    return {options_.dtype, {Dim::unknown(), Dim::unknown(), channels}, "HWC"};
  }
  Tensor read(const std::string& path) const override {
    return load_image(path, options_.channels, options_.dtype);
  }
  std::string more_arguments() const override {
    return fmt::format("{} {}", options_.channels, name_of(options_.dtype));
  }

 private:
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
