#include "data_files.hpp"

#include <filesystem>
#include <fstream>

#include "draw.hpp"
#include "io/readers/image_writer.hpp"
#include "nifti_text.hpp"
#include "npz_text.hpp"
#include "serialized_text.hpp"
#include "tiff_text.hpp"

namespace tenon::mutation {
namespace {

namespace fs = std::filesystem;

std::string two_digits(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }

std::string image_name(const std::string& split, int number, const std::string& ending) {
  return split + "_" + two_digits(number) + ending;
}

Tensor drawn_image(Draw& draw, int channels, bool wide) {
  const std::int64_t height = draw.between(18, 26);
  const std::int64_t width = draw.between(18, 26);
  Tensor image(wide ? DType::kUInt16 : DType::kUInt8, {height, width, channels});
  for (std::int64_t i = 0; i < image.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (wide) {
      image.data<std::uint16_t>()[at] = static_cast<std::uint16_t>(draw.below(65536));
    } else {
      image.data<std::uint8_t>()[at] = static_cast<std::uint8_t>(draw.below(256));
    }
  }
  return image;
}

void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

void write_image(const std::string& path, const Tensor& image) {
  if (path.ends_with(".jpg")) return write_bytes(path, readers::encode_jpeg(image, 90));
  if (path.ends_with(".png")) return write_bytes(path, readers::encode_png(image));
  write_bytes(path, tiff_text(image));
}

/// A volume of oblong voxels, and the label map of a box in it.
void draw_volume(const std::string& folder, const std::string& name, Draw& draw) {
  const Shape shape = {8, 9, 10, 1};
  Tensor volume(DType::kInt16, shape);
  Tensor mask(DType::kUInt8, shape);
  for (std::int64_t i = 0; i < volume.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const std::int64_t width = i % 10;
    const std::int64_t height = i / 10 % 9;
    const std::int64_t depth = i / 90;
    const bool inside =
        depth > 1 && depth < 7 && height > 1 && height < 8 && width > 1 && width < 9;
    volume.data<std::int16_t>()[at] =
        static_cast<std::int16_t>(draw.below(100) + (inside ? 100 : 0));
    mask.data<std::uint8_t>()[at] = inside ? 1 : 0;
  }
  for (const char* pool : {kVolumePool, kMaskPool}) {
    fs::create_directories(fs::path(folder) / pool);
    write_bytes((fs::path(folder) / pool / name).string(),
                nifti_text(pool == kVolumePool ? volume : mask, {2.0F, 1.0F, 1.0F}));
  }
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string ending_of(const std::string& pool) {
  if (pool == std::string("pools/") + kVolumePool) return ".nii";
  for (const Pool& each : pools()) {
    if (pool == "pools/" + each.name) return each.ending;
  }
  return ".png";
}

std::string cell_of(const Column& column, const std::string& pool, const std::string& split,
                    Draw& draw) {
  switch (column.fill) {
    case Fill::kFiles:
      return image_name(split, draw.below(kPoolImages), ending_of(pool));
    case Fill::kWords:
      return draw.pick(column.words);
    case Fill::kIntegers:
      return std::to_string(draw.between(column.low, column.high - 1));
    case Fill::kImageBytes:
      return readers::encode_png(drawn_image(draw, 3, false));
    case Fill::kNames:
    case Fill::kFloats:
      break;
  }
  return std::to_string(draw.below(10)) + "." + two_digits(draw.below(100));
}

/// The rows [first, end) of a split.
struct Rows {
  int first = 0;
  int end = 0;
};

std::string table_text(const Experiment& experiment, const SplitPlan& split, const Rows& rows,
                       Draw& draw) {
  std::string out;
  for (std::size_t i = 0; i < experiment.columns.size(); ++i)
    out += (i > 0 ? "," : "") + csv_cell(experiment.columns[i].name);
  out += "\n";
  for (int row = rows.first; row < rows.end; ++row) {
    for (std::size_t i = 0; i < experiment.columns.size(); ++i)
      out += (i > 0 ? "," : "") +
             csv_cell(cell_of(experiment.columns[i], experiment.pool, split.name, draw));
    out += "\n";
  }
  return out;
}

std::string records_text(const Experiment& experiment, const SplitPlan& split, const Rows& rows,
                         Draw& draw) {
  std::string out;
  for (int row = rows.first; row < rows.end; ++row) {
    std::vector<std::pair<std::string, FeatureValue>> features;
    for (const Column& column : experiment.columns) {
      const std::string cell = cell_of(column, experiment.pool, split.name, draw);
      FeatureValue value = cell;
      if (column.fill == Fill::kIntegers) value = static_cast<std::uint64_t>(std::stoi(cell));
      if (column.fill == Fill::kFloats) value = std::stof(cell);
      features.emplace_back(column.name, std::move(value));
    }
    out += tfrecord_text(features);
  }
  return out;
}

std::string tar_text(const Experiment& experiment, const SplitPlan& split, const Rows& rows,
                     Draw& draw) {
  std::string out;
  for (int row = rows.first; row < rows.end; ++row) {
    for (const Column& column : experiment.columns) {
      if (column.fill == Fill::kNames) continue;
      const char* ending = column.fill == Fill::kImageBytes ? ".png"
                           : column.fill == Fill::kIntegers ? ".cls"
                                                            : ".txt";
      out += tar_member_text(split.name + two_digits(row) + ending,
                             cell_of(column, experiment.pool, split.name, draw));
    }
  }
  return out + tar_end_text();
}

Tensor array_of(const Column& column, int rows, Draw& draw) {
  std::vector<std::int64_t> dims{rows};
  dims.insert(dims.end(), column.dims.begin(), column.dims.end());
  if (column.fill == Fill::kWords) {
    std::vector<std::string> words;
    for (int row = 0; row < rows; ++row) words.push_back(draw.pick(column.words));
    return Tensor::strings(Shape(dims), std::move(words));
  }
  Tensor wide(DType::kInt64, Shape(dims));
  for (std::int64_t& value : wide.data<std::int64_t>()) {
    const bool whole = column.fill == Fill::kIntegers;
    value = whole ? draw.between(column.low, column.high - 1) : draw.below(4);
  }
  return wide.cast(column.dtype);
}

}  // namespace

const std::vector<Pool>& pools() {
  static const std::vector<Pool> all = {
      {"png_rgb", ".png", 3, false},   {"png_grey", ".png", 1, false},
      {"png_grey16", ".png", 1, true}, {"jpeg_rgb", ".jpg", 3, false},
      {"jpeg_grey", ".jpg", 1, false}, {"tiff_rgb", ".tif", 3, false},
      {"tiff_grey16", ".tif", 1, true}};
  return all;
}

const std::vector<std::string>& pool_classes() {
  static const std::vector<std::string> names = {"Platelets", "RBC", "WBC"};
  return names;
}

void draw_pools(const std::string& folder) {
  Draw draw(20);
  for (const char* split : {"train", "validation", "test"}) {
    for (const Pool& pool : pools()) {
      const fs::path below = fs::path(folder) / pool.name;
      fs::create_directories(below);
      for (int i = 0; i < kPoolImages; ++i) {
        write_image((below / image_name(split, i, pool.ending)).string(),
                    drawn_image(draw, pool.channels, pool.wide));
      }
    }
    for (int i = 0; i < kPoolImages; ++i) draw_volume(folder, image_name(split, i, ".nii"), draw);
    for (const std::string& name : pool_classes()) {
      const fs::path below = fs::path(folder) / kClassPool / split / name;
      fs::create_directories(below);
      for (int i = 0; i < 8; ++i) {
        write_image((below / image_name(split, i, i % 2 == 0 ? ".png" : ".jpg")).string(),
                    drawn_image(draw, 3, false));
      }
    }
  }
}

std::string file_name(const Experiment& experiment, const std::string& stem,
                      const std::string& split, int shard) {
  const bool tar = experiment.source_kind == "webdataset";
  const std::string number = experiment.shards > 1 ? "-" + std::to_string(shard) : "";
  return stem + "_" + split + number + "." + (tar ? "tar" : experiment.source_kind);
}

std::string data_stem(const Experiment& experiment) {
  std::uint64_t hash = 1469598103934665603ULL;
  const auto mix = [&](const std::string& text) {
    for (const char c : text + "\n")
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  };
  for (const Column& column : experiment.columns) {
    mix(column.name + std::string(name_of(column.dtype)) + std::to_string(column.high));
    for (const std::int64_t dim : column.dims) mix(std::to_string(dim));
    for (const std::string& word : column.words) mix(word);
  }
  for (const SplitPlan& split : experiment.splits) mix(split.name + std::to_string(split.rows));
  return experiment.name + "_" + std::to_string(hash % 1000000);
}

namespace {

std::string arrays_text(const Experiment& experiment, int rows, Draw& draw) {
  std::vector<std::pair<std::string, Tensor>> arrays;
  for (const Column& column : experiment.columns)
    arrays.emplace_back(column.name, array_of(column, rows, draw));
  return npz_text(arrays);
}

std::string file_text(const Experiment& experiment, const SplitPlan& split, const Rows& rows,
                      Draw& draw) {
  if (experiment.source_kind == "csv") return table_text(experiment, split, rows, draw);
  if (experiment.source_kind == "tfrecord") return records_text(experiment, split, rows, draw);
  if (experiment.source_kind == "webdataset") return tar_text(experiment, split, rows, draw);
  return arrays_text(experiment, split.rows, draw);
}

}  // namespace

void write_data(const Experiment& experiment, const std::string& folder) {
  if (experiment.source_kind == "folder") return;
  const std::string stem = data_stem(experiment);
  for (const SplitPlan& split : experiment.splits) {
    Draw draw(experiment.seed + static_cast<std::uint64_t>(split.rows));
    for (int shard = 0; shard < experiment.shards; ++shard) {
      const fs::path path = fs::path(folder) / file_name(experiment, stem, split.name, shard);
      const Rows rows{split.rows * shard / experiment.shards,
                      split.rows * (shard + 1) / experiment.shards};
      if (!fs::exists(path)) write_bytes(path.string(), file_text(experiment, split, rows, draw));
    }
  }
}

}  // namespace tenon::mutation
