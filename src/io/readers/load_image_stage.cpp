#include <fmt/format.h>

#include "io/readers/image.hpp"
#include "io/readers/load_stage.hpp"
#include "tenon/error.hpp"

namespace tenon {
namespace readers {
namespace {

TensorSpec image_spec(int channels, DType dtype) {
  const Dim depth = channels == 0 ? Dim::unknown() : Dim(channels);
  return {dtype, {Dim::unknown(), Dim::unknown(), depth}, "HWC"};
}

class LoadImageStage final : public LoadStage {
 public:
  LoadImageStage(std::string from, std::string to, LoadImageOptions options,
                 SourceLocation location)
      : LoadStage("load_image", std::move(from), std::move(to), options.root, location),
        options_(std::move(options)) {}

 protected:
  TensorSpec spec() const override { return image_spec(options_.channels, options_.dtype); }
  Tensor read(const std::string& path) const override {
    return load_image(path, options_.channels, options_.dtype, {options_.page, options_.at_least});
  }
  std::string more_arguments() const override {
    return fmt::format("{} {} {} {}x{}", options_.channels, name_of(options_.dtype), options_.page,
                       options_.at_least[0], options_.at_least[1]);
  }

 private:
  LoadImageOptions options_;
};

/// The key holds the file itself.
class DecodeImageStage final : public LoadStage {
 public:
  DecodeImageStage(std::string from, std::string to, DecodeImageOptions options,
                   SourceLocation location)
      : LoadStage("decode_image", std::move(from), std::move(to), "", location),
        options_(options) {}
  std::optional<data::FileKey> file_key() const override { return std::nullopt; }

 protected:
  TensorSpec spec() const override { return image_spec(options_.channels, options_.dtype); }
  Tensor read(const std::string& path) const override {
    return load_image(path, options_.channels, options_.dtype);
  }
  Tensor load(const std::string& bytes, const SampleIdentity& sample) const override {
    const std::string name = fmt::format(
        "{}{}{}, {}", sample.file, sample.file.empty() ? "" : ", ",
        sample.id.empty() ? fmt::format("sample {}", sample.index) : sample.id, quote_key(from()));
    return shaped_image(decode_image(bytes, name), options_.channels, options_.dtype, name);
  }
  std::string more_arguments() const override {
    return fmt::format("{} {}", options_.channels, name_of(options_.dtype));
  }

 private:
  DecodeImageOptions options_;
};

void check_part(const LoadImageOptions& options) {
  constexpr int kMaxPage = 65534;
  if (options.page < 0 || options.page > kMaxPage) {
    throw_argument_error("load_image", fmt::format("page = {}", options.page),
                         "a page of a TIFF, from 0");
  }
  const auto [height, width] = options.at_least;
  if (height < 0 || width < 0 || (height == 0) != (width == 0)) {
    throw_argument_error("load_image", fmt::format("at_least = [{}, {}]", height, width),
                         "[height, width], both above 0");
  }
}

}  // namespace
}  // namespace readers

Dataset Dataset::load_image(std::string from, std::string to, LoadImageOptions options,
                            Here location) const {
  readers::check_image_form("load_image", options.channels, options.dtype);
  readers::check_part(options);
  return stage(std::make_shared<readers::LoadImageStage>(std::move(from), std::move(to),
                                                         std::move(options), location));
}

Dataset Dataset::decode_image(std::string from, std::string to, DecodeImageOptions options,
                              Here location) const {
  readers::check_image_form("decode_image", options.channels, options.dtype);
  return stage(std::make_shared<readers::DecodeImageStage>(std::move(from), std::move(to), options,
                                                           location));
}

}  // namespace tenon
