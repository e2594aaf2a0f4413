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

/// A JPEG, of which a box costs less than the whole.
class JpegValue final : public FileValue {
 public:
  JpegValue(std::string bytes, std::string path, const LoadImageOptions& options)
      : bytes_(std::move(bytes)), path_(std::move(path)), options_(options) {
    const ImageInfo info = read_image_info(bytes_, path_);
    shape_ = {info.height, info.width, options.channels == 0 ? info.channels : options.channels};
  }
  const Shape& shape() const override { return shape_; }
  DType dtype() const override { return options_.dtype; }
  const Geometry* geometry() const override { return nullptr; }
  Tensor whole() override { return decoded({}); }
  Tensor box(const data::Index3D& first, const data::Size3D& size) override {
    return decoded({first[1], first[2], size[1], size[2]});
  }

 private:
  Tensor decoded(const ImageBox& box) const {
    const ImagePart part{options_.page, {0, 0}, box};
    return shaped_image(decode_image(bytes_, path_, part), options_.channels, options_.dtype,
                        path_);
  }

  std::string bytes_;
  std::string path_;
  LoadImageOptions options_;
  Shape shape_;
};

class LoadImageStage final : public LoadStage {
 public:
  LoadImageStage(std::string from, std::string to, LoadImageOptions options,
                 SourceLocation location)
      : LoadStage("load_image", std::move(from), std::move(to), options.root, location),
        options_(std::move(options)) {}

 protected:
  TensorSpec spec() const override { return image_spec(options_.channels, options_.dtype); }
  Tensor read(const std::string& path) const override {
    return load_image(path, options_.channels, options_.dtype,
                      {options_.page, options_.at_least, {}});
  }
  std::unique_ptr<FileValue> open(const std::string& path) const override {
    std::string bytes = read_image_file(path);
    if (is_jpeg(bytes) && options_.page == 0 && options_.at_least[0] == 0)
      return std::make_unique<JpegValue>(std::move(bytes), path, options_);
    const ImagePart part{options_.page, options_.at_least, {}};
    return whole_value(
        shaped_image(decode_image(bytes, path, part), options_.channels, options_.dtype, path));
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
  std::unique_ptr<FileValue> open_text(const std::string& bytes,
                                       const SampleIdentity& sample) const override {
    return whole_value(load(bytes, sample));
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
