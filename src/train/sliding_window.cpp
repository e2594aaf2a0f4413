#include "train/sliding_window.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tenon/error.hpp"

namespace tenon::train {
namespace {

using Sizes = std::vector<std::int64_t>;

std::int64_t product(const Sizes& sizes) {
  std::int64_t out = 1;
  for (const std::int64_t size : sizes) out *= size;
  return out;
}

/// The sizes of an input that are fixed, or nothing.
Sizes fixed_sizes(const TensorSpec& spec) {
  Sizes out;
  for (int axis = 1; axis + 1 < spec.rank(); ++axis) {
    out.push_back(spec.shape[static_cast<std::size_t>(axis)].size());
  }
  return out;
}

[[noreturn]] void refuse(const std::string& came, const std::string& expected,
                         const std::string& fix = "") {
  throw_argument_error("predict: sliding_window", came, expected, fix);
}

/// The window that `options` and the inputs give.
Sizes window_size(const SlidingWindow& options, const std::vector<Port>& inputs) {
  if (!options.size.empty()) return options.size;
  for (const Port& port : inputs) {
    if (port.spec.rank() < 4) continue;
    const Sizes sizes = fixed_sizes(port.spec);
    if (std::ranges::all_of(sizes, [](std::int64_t size) { return size > 0; })) return sizes;
  }
  refuse("no size is given, and no input of the model has fixed sizes",
         "voxels of a window along each axis", "give .size = {64, 64, 64}");
}

void check(const SlidingWindow& options) {
  if (options.size.size() != 2 && options.size.size() != 3) {
    refuse(fmt::format("size has {} numbers", options.size.size()),
           "height and width, or depth, height and width");
  }
  if (std::ranges::any_of(options.size, [](std::int64_t size) { return size < 1; })) {
    refuse(fmt::format("size is ({})", fmt::join(options.size, ", ")), "1 or more voxels");
  }
  if (!(options.overlap >= 0.0 && options.overlap < 1.0)) {
    refuse(fmt::format("overlap is {}", options.overlap), "0 to below 1");
  }
  if (options.blend != "gaussian" && options.blend != "constant") {
    refuse(fmt::format("blend is {}", quote_key(options.blend)), R"("gaussian" or "constant")");
  }
  if (!(options.sigma_scale > 0.0)) {
    refuse(fmt::format("sigma_scale is {}", options.sigma_scale), "above 0");
  }
  if (options.batch_size < 1) {
    refuse(fmt::format("batch_size is {}", options.batch_size), "1 or more windows at a time");
  }
}

std::vector<float> voxel_weights(const SlidingWindow& options) {
  std::vector<float> out{1.0F};
  for (const std::int64_t size : options.size) {
    const std::vector<float> axis = axis_weights(size, options);
    std::vector<float> next;
    next.reserve(out.size() * axis.size());
    for (const float outer : out) {
      for (const float inner : axis) next.push_back(outer * inner);
    }
    out = std::move(next);
  }
  // As MONAI: what is far out still counts a little, so that no voxel is divided by nothing.
  const float least = std::max(1e-3F, *std::ranges::min_element(out));
  for (float& weight : out) weight = std::max(weight, least);
  return out;
}

/// Sets `padding` in a row of values of any dtype.
void fill(std::byte* begin, std::int64_t count, DType dtype, double value) {
  const Tensor one = Tensor::scalar(value).cast(dtype);
  const std::size_t width = one.byte_size();
  for (std::int64_t i = 0; i < count; ++i) {
    std::memcpy(begin + static_cast<std::size_t>(i) * width, one.bytes(), width);
  }
}

/// Calls work(index) for each index below `sizes`, the last axis the fastest.
template <class Work>
void for_each_index(const Sizes& sizes, const Work& work) {
  Sizes index(sizes.size(), 0);
  for (std::int64_t i = 0; i < product(sizes); ++i) {
    work(index);
    for (std::size_t axis = sizes.size(); axis-- > 0;) {
      if (++index[axis] < sizes[axis]) break;
      index[axis] = 0;
    }
  }
}

}  // namespace

/// What lies where in one batch: the volume, padded to at least a window, and its windows.
struct SlidingPredictor::Frame {
  std::size_t guide = 0;  ///< The first input that is windowed.
  std::int64_t rows = 0;
  Sizes size{};    ///< Of the volume.
  Sizes before{};  ///< Padding before it.
  Sizes padded{};
  std::vector<float> norm{};  ///< The sum of the weights at each voxel of the padded volume.

  /// The number of the voxel at `index` of the padded volume.
  std::int64_t place_of(const Sizes& index) const {
    std::int64_t place = 0;
    for (std::size_t i = 0; i < padded.size(); ++i) place = place * padded[i] + index[i];
    return place;
  }
};

std::vector<std::int64_t> window_starts(std::int64_t size, std::int64_t window, double overlap) {
  if (size <= window) return {0};
  const auto apart = std::max<std::int64_t>(
      1, static_cast<std::int64_t>(static_cast<double>(window) * (1.0 - overlap)));
  std::vector<std::int64_t> out;
  for (std::int64_t start = 0;; start += apart) {
    out.push_back(std::min(start, size - window));
    if (start + window >= size) return out;
  }
}

std::vector<float> axis_weights(std::int64_t window, const SlidingWindow& options) {
  std::vector<float> out(static_cast<std::size_t>(window), 1.0F);
  if (options.blend == "constant") return out;
  const double sigma = options.sigma_scale * static_cast<double>(window);
  const double middle = static_cast<double>(window - 1) / 2.0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double away = static_cast<double>(i) - middle;
    out[i] = static_cast<float>(std::exp(away * away / (-2.0 * sigma * sigma)));
  }
  return out;
}

SlidingPredictor::SlidingPredictor(const Model& model, SlidingWindow options)
    : options_(std::move(options)), inputs_(model.inputs()), outputs_(model.outputs()) {
  options_.size = window_size(options_, inputs_);
  check(options_);
  const bool any =
      std::ranges::any_of(inputs_, [&](const Port& port) { return windowed(port.spec); });
  if (!any) {
    refuse(fmt::format("model `{}` has no input with {} spatial axes", model.name(),
                       options_.size.size()),
           "as many numbers in size as an input has spatial axes");
  }
  weights_ = voxel_weights(options_);
}

bool SlidingPredictor::windowed(const TensorSpec& spec) const {
  return spec.rank() == static_cast<int>(options_.size.size()) + 2;
}

TrainingInterface SlidingPredictor::opened(TrainingInterface interface) const {
  const auto open = [&](TensorSpec& spec) {
    if (!windowed(spec)) return;
    for (std::size_t axis = 1; axis + 1 < spec.shape.size(); ++axis) {
      spec.shape[axis] = Dim::unknown();
    }
  };
  for (Port& port : interface.inputs) open(port.spec);
  for (TrainedOutput& output : interface.outputs) open(output.output.spec);
  return interface;
}

SlidingPredictor::Frame SlidingPredictor::frame_of(const std::vector<Tensor>& inputs) const {
  Frame frame;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!windowed(inputs_[i].spec)) continue;
    const Shape& shape = inputs[i].shape();
    Sizes size(shape.begin() + 1, shape.end() - 1);
    if (frame.size.empty()) {
      frame.guide = i;
      frame.rows = shape[0];
      frame.size = size;
    } else if (size != frame.size) {
      throw ShapeError(make_diagnostic(
          "S002",
          fmt::format("input {} is ({}), input {} is ({})", quote_key(inputs_[frame.guide].name),
                      fmt::join(frame.size, ", "), quote_key(inputs_[i].name),
                      fmt::join(size, ", ")),
          {"windows are cut at the same place of every input"},
          "bring them to one grid (spacing, resize or crop)"));
    }
  }
  for (std::size_t axis = 0; axis < frame.size.size(); ++axis) {
    const std::int64_t missing = std::max<std::int64_t>(0, options_.size[axis] - frame.size[axis]);
    frame.before.push_back(missing / 2);
    frame.padded.push_back(frame.size[axis] + missing);
  }
  return frame;
}

void SlidingPredictor::cut(const Tensor& input, const Frame& frame, const Place& place,
                           std::byte* window) const {
  const std::int64_t channels = input.dim(-1);
  const std::size_t width = input.byte_size() / static_cast<std::size_t>(input.size()) *
                            static_cast<std::size_t>(channels);
  const std::size_t last = options_.size.size() - 1;
  Sizes lines = options_.size;
  lines[last] = 1;
  const std::int64_t length = options_.size[last];
  const std::int64_t start = place.first[last] - frame.before[last];
  const std::int64_t from = std::max<std::int64_t>(0, -start);
  const std::int64_t to = std::min(length, frame.size[last] - start);
  const bool padded = frame.padded != frame.size;
  for_each_index(lines, [&](const Sizes& line) {
    bool inside = true;
    std::int64_t source = place.row;
    for (std::size_t axis = 0; axis < last; ++axis) {
      const std::int64_t at = place.first[axis] + line[axis] - frame.before[axis];
      inside = inside && at >= 0 && at < frame.size[axis];
      source = source * frame.size[axis] + at;
    }
    if (padded) fill(window, length * channels, input.dtype(), options_.padding_value);
    if (inside) {
      source = source * frame.size[last] + start + from;
      std::memcpy(window + static_cast<std::size_t>(from) * width,
                  input.bytes() + static_cast<std::size_t>(source) * width,
                  static_cast<std::size_t>(to - from) * width);
    }
    window += static_cast<std::size_t>(length) * width;
  });
}

std::vector<Tensor> SlidingPredictor::window_inputs(const std::vector<Tensor>& inputs,
                                                    const Frame& frame,
                                                    const std::vector<Place>& places,
                                                    std::size_t begin) const {
  std::vector<Tensor> out;
  const auto count = static_cast<std::size_t>(options_.batch_size);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Sizes dims = inputs[i].shape().dims();
    dims[0] = options_.batch_size;
    const bool is_windowed = windowed(inputs_[i].spec);
    if (is_windowed) std::ranges::copy(options_.size, dims.begin() + 1);
    Tensor batch = Tensor::uninitialized(inputs[i].dtype(), Shape(dims));
    const std::size_t bytes = batch.byte_size() / count;
    for (std::size_t k = 0; k < count; ++k) {
      // The last batch is filled with its last window: no second plan for a smaller one.
      const Place& place = places[std::min(begin + k, places.size() - 1)];
      if (is_windowed) {
        cut(inputs[i], frame, place, batch.bytes() + k * bytes);
      } else {
        std::memcpy(batch.bytes() + k * bytes,
                    inputs[i].bytes() + static_cast<std::size_t>(place.row) * bytes, bytes);
      }
    }
    out.push_back(std::move(batch));
  }
  return out;
}

void SlidingPredictor::add(const Tensor& prediction, const std::string& output, const Frame& frame,
                           const std::vector<Place>& places, std::size_t begin,
                           std::vector<float>& sums) const {
  const Shape& shape = prediction.shape();
  const bool fits = shape.rank() == static_cast<int>(options_.size.size()) + 2 &&
                    std::equal(options_.size.begin(), options_.size.end(), shape.begin() + 1);
  if (!fits) {
    throw ShapeError(make_diagnostic(
        "S002", fmt::format("output {} of a window is {}", quote_key(output), shape.to_string()),
        {fmt::format("expected: as large as the window, ({})", fmt::join(options_.size, ", "))},
        "predict this model without sliding windows"));
  }
  const std::int64_t channels = prediction.dim(-1);
  const std::int64_t voxels = product(options_.size);
  sums.resize(static_cast<std::size_t>(frame.rows * product(frame.padded) * channels), 0.0F);
  const auto count = std::min(places.size() - begin, static_cast<std::size_t>(options_.batch_size));
  for (std::size_t k = 0; k < count; ++k) {
    const Place& place = places[begin + k];
    const float* from =
        prediction.data<float>().data() + static_cast<std::int64_t>(k) * voxels * channels;
    std::size_t voxel = 0;
    for_each_index(options_.size, [&](const Sizes& index) {
      Sizes at = index;
      for (std::size_t axis = 0; axis < at.size(); ++axis) at[axis] += place.first[axis];
      float* into =
          sums.data() + (place.row * product(frame.padded) + frame.place_of(at)) * channels;
      const float weight = weights_[voxel++];
      for (std::int64_t c = 0; c < channels; ++c) into[c] += weight * *from++;
    });
  }
}

Tensor SlidingPredictor::joined(const std::vector<float>& sums, const Frame& frame,
                                std::int64_t channels) const {
  Sizes dims{frame.rows};
  dims.insert(dims.end(), frame.size.begin(), frame.size.end());
  dims.push_back(channels);
  Tensor out = Tensor::uninitialized(DType::kFloat32, Shape(dims));
  float* to = out.data<float>().data();
  for (std::int64_t row = 0; row < frame.rows; ++row) {
    for_each_index(frame.size, [&](const Sizes& index) {
      Sizes at = index;
      for (std::size_t axis = 0; axis < at.size(); ++axis) at[axis] += frame.before[axis];
      const std::int64_t place = frame.place_of(at);
      const float* from = sums.data() + (row * product(frame.padded) + place) * channels;
      const float norm = frame.norm[static_cast<std::size_t>(place)];
      for (std::int64_t c = 0; c < channels; ++c) *to++ = *from++ / norm;
    });
  }
  return out;
}

std::vector<Tensor> SlidingPredictor::predict(Trainer& trainer, const std::vector<Tensor>& inputs) {
  Frame frame = frame_of(inputs);
  std::vector<Sizes> starts;
  Sizes counts;
  for (std::size_t axis = 0; axis < frame.size.size(); ++axis) {
    starts.push_back(window_starts(frame.padded[axis], options_.size[axis], options_.overlap));
    counts.push_back(static_cast<std::int64_t>(starts.back().size()));
  }
  std::vector<Place> places;
  for (std::int64_t row = 0; row < frame.rows; ++row) {
    for_each_index(counts, [&](const Sizes& index) {
      Place place{row, {}};
      for (std::size_t axis = 0; axis < index.size(); ++axis) {
        place.first.push_back(starts[axis][static_cast<std::size_t>(index[axis])]);
      }
      places.push_back(std::move(place));
    });
  }
  frame.norm.assign(static_cast<std::size_t>(product(frame.padded)), 0.0F);
  for (std::size_t i = 0; i < places.size() / static_cast<std::size_t>(frame.rows); ++i) {
    std::size_t voxel = 0;
    for_each_index(options_.size, [&](const Sizes& index) {
      Sizes at = index;
      for (std::size_t axis = 0; axis < at.size(); ++axis) at[axis] += places[i].first[axis];
      frame.norm[static_cast<std::size_t>(frame.place_of(at))] += weights_[voxel++];
    });
  }
  std::vector<std::vector<float>> sums(outputs_.size());
  std::vector<std::int64_t> channels(outputs_.size(), 1);
  for (std::size_t begin = 0; begin < places.size();
       begin += static_cast<std::size_t>(options_.batch_size)) {
    const auto predictions = trainer.predict(window_inputs(inputs, frame, places, begin));
    for (std::size_t i = 0; i < predictions.size(); ++i) {
      add(predictions[i], outputs_[i].name, frame, places, begin, sums[i]);
      channels[i] = predictions[i].dim(-1);
    }
  }
  std::vector<Geometry> geometries;
  for (std::int64_t row = 0; row < frame.rows; ++row) {
    if (const Geometry* geometry = inputs[frame.guide].row_geometry(row)) {
      geometries.push_back(*geometry);
    }
  }
  std::vector<Tensor> out;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    out.push_back(joined(sums[i], frame, channels[i]));
    if (static_cast<std::int64_t>(geometries.size()) == frame.rows) {
      out.back().set_row_geometries(geometries);
    }
  }
  return out;
}

}  // namespace tenon::train
