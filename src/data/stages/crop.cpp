#include <fmt/format.h>

#include <cmath>

#include "data/arguments.hpp"
#include "data/image.hpp"
#include "data/numeric.hpp"
#include "data/region.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/per_key_stage.hpp"

namespace tenon::data {
namespace {

/// A box in pixels, upper ends not included.
struct Box {
  double left = 0.0;
  double top = 0.0;
  double right = 0.0;
  double bottom = 0.0;
};

/// Pixels to cut: `size` from (top, left) on.
struct PixelBox {
  std::int64_t top = 0;
  std::int64_t left = 0;
  Size2D size{0, 0};
};

[[noreturn]] void throw_bad_box(const std::string& came, const std::string& expected) {
  throw DataError(make_diagnostic("D002", came, {"expected: " + expected}, "mend the box"));
}

/// What crop_box and crop_around share: keys, schema, padding and resizing.
class CropStage : public NamedStage<SampleStage>, public PartwiseStage {
 public:
  CropStage(std::string name, std::string from, std::string to, std::array<std::string, 4> box,
            CropOptions options, SourceLocation location)
      : NamedStage(std::move(name), location),
        from_(std::move(from)),
        to_(std::move(to)),
        box_(std::move(box)),
        options_(options) {}

  void edit(SchemaEditor& editor) const override {
    if (editor.batched()) {
      editor.problem(make_diagnostic(
          "A001", fmt::format("{} cuts samples, and the data are in batches here", name()), {},
          fmt::format("put {} before batch", name())));
    }
    for (const std::string& key : box_) require_coordinate(editor, key);
    const TensorSpec* spec = editor.require(from_);
    TensorSpec after = TensorSpec::of_unknown_rank(DType::kFloat32);
    if (spec != nullptr) {
      const std::string problem = why_no_image(*spec);
      if (!problem.empty()) {
        editor.problem(make_diagnostic(
            "S002", fmt::format("{} cannot cut {}: {}", name(), quote_key(from_), problem)));
      }
      after = spec_after(*spec);
    }
    if (from_ == to_) {
      editor.change(to_, std::move(after));
    } else {
      editor.add(to_, std::move(after), from_);
    }
  }

  SampleFunction bind(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override {
    const std::size_t from = in->slot(from_);
    const std::size_t to = out->slot(to_);
    const std::array<std::size_t, 4> box = box_slots(*in);
    return [this, from, to, box, out](Record record, const SampleContext&) {
      std::vector<Tensor> values = record.values();
      const PixelBox pixels =
          pixels_in(values[from].shape(), [&](std::size_t i) { return values[box[i]]; });
      Tensor piece = resized(
          crop_image(values[from], pixels.top, pixels.left, pixels.size, options_.padding_value));
      values.resize(out->size());
      values[to] = std::move(piece);
      return Record(out, std::move(values), std::move(record.samples()));
    };
  }

  Partwise bind_parts(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override {
    const std::size_t image = in->slot(from_);
    const std::size_t to = out->slot(to_);
    const std::array<std::size_t, 4> box = box_slots(*in);
    SlotFlow flow = SlotFlow::of_all(in->size(), out->size());
    flow.origins[to] = SlotFlow::kMade;
    flow.wholes.assign(box.begin(), box.end());
    flow.parts = {image};
    Cut cut = [this, image, to, box](RegionReader& before, const SampleContext&) {
      const PixelBox pixels =
          pixels_in(before.shape(image), [&](std::size_t i) { return before.whole(box[i]); });
      const Index3D first{0, pixels.top, pixels.left};
      const Size3D size{1, pixels.size[0], pixels.size[1]};
      before.expect(image, first, size);
      return std::vector<Piece>{{to, [this, &before, image, first, size] {
                                   Tensor piece =
                                       before.part(image, first, size, options_.padding_value);
                                   piece.clear_geometry();
                                   return resized(std::move(piece));
                                 }}};
    };
    return cut_parts(std::move(flow), std::move(cut));
  }

  std::string arguments() const override {
    return fmt::format(
        "from={}, to={}, box=[{}], size=[{}, {}], interpolation={}, antialias={}, "
        "padding_value={}{}",
        quote_key(from_), quote_key(to_), join_texts({box_.begin(), box_.end()}), options_.size[0],
        options_.size[1], name_of(options_.interpolation), options_.antialias,
        options_.padding_value, more_arguments());
  }

 protected:
  virtual PixelBox pixels_of(const Box& box) const = 0;
  /// The size before resizing, where it is known.
  virtual std::optional<Size2D> cut_size() const { return std::nullopt; }
  virtual std::string more_arguments() const { return {}; }

 private:
  bool resizes() const noexcept { return options_.size != Size2D{0, 0}; }

  void require_coordinate(SchemaEditor& editor, const std::string& key) const {
    const TensorSpec* spec = editor.require(key);
    if (spec == nullptr) return;
    const bool scalar = !spec->rank_known || spec->rank() == 0 || spec->batched() ||
                        (spec->rank() == 1 && spec->shape[0].fits(1));
    if (spec->dtype != DType::kString && scalar) return;
    Diagnostic diagnostic =
        make_diagnostic("S002", fmt::format("{} needs a number in {}, which is {}", name(),
                                            quote_key(key), spec->to_string()));
    diagnostic.keys.push_back({key, Role::kData, std::nullopt, *spec, std::nullopt});
    editor.problem(std::move(diagnostic));
  }

  TensorSpec spec_after(const TensorSpec& spec) const {
    std::optional<Size2D> size = cut_size();
    if (resizes()) size = options_.size;
    TensorSpec after = size ? with_image_size(spec, (*size)[0], (*size)[1])
                            : with_image_size(spec, Dim::unknown(), Dim::unknown());
    if (after.range) {
      after.range->low = std::min(after.range->low, options_.padding_value);
      after.range->high = std::max(after.range->high, options_.padding_value);
    }
    return after;
  }

  std::array<std::size_t, 4> box_slots(const Schema& schema) const {
    std::array<std::size_t, 4> slots{};
    for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = schema.slot(box_[i]);
    return slots;
  }

  /// What is cut out of an image of `shape`; `corner(i)` is the value of the box's key `i`.
  template <class Corner>
  PixelBox pixels_in(const Shape& shape, Corner corner) const {
    std::array<double, 4> corners{};
    for (std::size_t i = 0; i < corners.size(); ++i) corners[i] = scalar_number(corner(i), box_[i]);
    if (!is_image_rank(shape.rank(), false)) {
      throw DataError(make_diagnostic("S002",
                                      fmt::format("{} is {}", quote_key(from_), shape.to_string()),
                                      {"expected: (height, width, channels) or (height, width)"}));
    }
    const PixelBox pixels = pixels_of({corners[0], corners[1], corners[2], corners[3]});
    const bool touches = pixels.top < shape[0] && pixels.left < shape[1] &&
                         pixels.top + pixels.size[0] > 0 && pixels.left + pixels.size[1] > 0;
    if (!touches) {
      throw_bad_box(
          fmt::format("the cut (rows {} to {}, columns {} to {}) lies outside of the image",
                      pixels.top, pixels.top + pixels.size[0], pixels.left,
                      pixels.left + pixels.size[1]),
          fmt::format("a part of {} rows and {} columns", shape[0], shape[1]));
    }
    return pixels;
  }

  Tensor resized(Tensor piece) const {
    if (!resizes()) return piece;
    return resize_image(piece, options_.size, options_.interpolation, options_.antialias);
  }

  std::string from_;
  std::string to_;
  std::array<std::string, 4> box_;
  CropOptions options_;
};

class CropBoxStage final : public CropStage {
 public:
  using CropStage::CropStage;

 protected:
  PixelBox pixels_of(const Box& box) const override {
    constexpr double kLargest = 1 << 16;
    const double left = std::round(box.left);
    const double top = std::round(box.top);
    const double width = std::round(box.right) - left;
    const double height = std::round(box.bottom) - top;
    const std::string came = fmt::format("the box (xmin {}, ymin {}, xmax {}, ymax {})", box.left,
                                         box.top, box.right, box.bottom);
    if (!(width >= 1.0 && height >= 1.0)) {
      throw_bad_box(came + " is empty", "xmin < xmax and ymin < ymax");
    }
    const bool near = std::abs(left) <= kLargest && std::abs(top) <= kLargest;
    if (!near || width > kLargest || height > kLargest) {
      throw_bad_box(came + " is too large", fmt::format("at most {} pixels a side", kLargest));
    }
    return {static_cast<std::int64_t>(top),
            static_cast<std::int64_t>(left),
            {static_cast<std::int64_t>(height), static_cast<std::int64_t>(width)}};
  }
};

class CropAroundStage final : public CropStage {
 public:
  CropAroundStage(std::string from, std::string to, std::array<std::string, 4> box, Size2D extent,
                  CropOptions options, SourceLocation location)
      : CropStage("crop_around", std::move(from), std::move(to), std::move(box), options, location),
        extent_(extent) {}

 protected:
  PixelBox pixels_of(const Box& box) const override {
    constexpr double kFarthest = 1 << 24;
    const double left = std::floor((box.left + box.right - static_cast<double>(extent_[1])) / 2.0);
    const double top = std::floor((box.top + box.bottom - static_cast<double>(extent_[0])) / 2.0);
    const bool ordered = box.left <= box.right && box.top <= box.bottom;
    if (!ordered || std::abs(left) > kFarthest || std::abs(top) > kFarthest) {
      throw_bad_box(fmt::format("the box (xmin {}, ymin {}, xmax {}, ymax {}) has no middle in the "
                                "image",
                                box.left, box.top, box.right, box.bottom),
                    "xmin <= xmax and ymin <= ymax, within the image");
    }
    return {static_cast<std::int64_t>(top), static_cast<std::int64_t>(left), extent_};
  }
  std::optional<Size2D> cut_size() const override { return extent_; }
  std::string more_arguments() const override {
    return fmt::format(", extent=[{}, {}]", extent_[0], extent_[1]);
  }

 private:
  Size2D extent_;
};

std::vector<ArgumentDescriptor> crop_arguments(bool extent) {
  std::vector<ArgumentDescriptor> arguments = {
      {"from", ArgumentType::kText, true, "", "the key of the image"},
      {"to", ArgumentType::kText, true, "", "the key for the piece"},
      {"box", ArgumentType::kTextList, true, "",
       "the keys of the box's xmin, ymin, xmax and ymax, in pixels"}};
  if (extent) {
    arguments.push_back({"extent", ArgumentType::kIntegerList, true, "",
                         "[height, width] cut around the middle of the box"});
  }
  arguments.push_back({"size", ArgumentType::kIntegerList, false, "[0, 0]",
                       "[height, width] the piece is resized to; [0, 0]: left as cut"});
  arguments.push_back({"interpolation", ArgumentType::kText, false, "\"bilinear\"",
                       "\"nearest\", \"bilinear\" or \"area\""});
  arguments.push_back({"antialias", ArgumentType::kBool, false, "true",
                       "when shrinking with bilinear: look at all pixels"});
  arguments.push_back({"padding_value", ArgumentType::kNumber, false, "0.0",
                       "where the cut reaches over the border"});
  return arguments;
}

CropOptions crop_options(const Arguments& arguments) {
  CropOptions options;
  options.size = arguments.size("size", options.size);
  options.interpolation = arguments.interpolation("interpolation", options.interpolation);
  options.antialias = arguments.boolean("antialias", options.antialias);
  options.padding_value = arguments.number("padding_value", options.padding_value);
  return options;
}

void require_crop_size(const char* stage, const CropOptions& options) {
  if (options.size != Size2D{0, 0}) require_size(stage, "size", options.size);
}

}  // namespace

StageEntry crop_box_entry() {
  return {"crop_box", "cuts a box out of an image", crop_arguments(false),
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("crop_box", given);
            return dataset.crop_box(arguments.text("from"), arguments.text("to"),
                                    arguments.box("box"), crop_options(arguments), location);
          }};
}

StageEntry crop_around_entry() {
  return {"crop_around", "cuts a piece of one size around the middle of a box",
          crop_arguments(true),
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("crop_around", given);
            return dataset.crop_around(arguments.text("from"), arguments.text("to"),
                                       arguments.box("box"), arguments.size("extent"),
                                       crop_options(arguments), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::crop_box(std::string from, std::string to, std::array<std::string, 4> box,
                          CropOptions options, Here location) const {
  data::require_crop_size("crop_box", options);
  return stage(std::make_shared<data::CropBoxStage>("crop_box", std::move(from), std::move(to),
                                                    std::move(box), options, location));
}

Dataset Dataset::crop_around(std::string from, std::string to, std::array<std::string, 4> box,
                             Size2D extent, CropOptions options, Here location) const {
  data::require_crop_size("crop_around", options);
  data::require_size("crop_around", "extent", extent);
  return stage(std::make_shared<data::CropAroundStage>(std::move(from), std::move(to),
                                                       std::move(box), extent, options, location));
}

}  // namespace tenon
