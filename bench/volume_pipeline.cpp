// Samples a second of two pipelines, beside a Python process that bench/pipelines.py starts in the
// same run: a scan from NIfTI through window, crop, affine, flip and noise; JPEG smears through
// decode, crop, resize and normalise.
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

// jpeglib.h wants <cstdio> before it.
#include <jpeglib.h>

#include "data/image.hpp"
#include "io/readers/decode_pool.hpp"
#include "tenon/tenon.hpp"

namespace {

using namespace tenon;

Dataset scans(const std::string& file, std::int64_t count) {
  const Schema schema({{"path", TensorSpec(DType::kString, {})}});
  const auto shared = std::make_shared<const Schema>(schema);
  return Dataset::from_function(
             schema, count,
             [=](std::int64_t) { return Record(shared, {Tensor::scalar(file)}, {}); })
      .load_volume("path", "image")
      .drop({"path"})
      .window({"image"}, {0.0, 200.0})
      .random_crop({"image"}, {64, 64, 64})
      .random_affine({"image"}, {.rotate = {-15.0, 15.0}, .scale = {0.9, 1.1}, .probability = 1.0})
      .random_flip({"image"}, {"depth", "height", "width"})
      .random_noise({"image"}, {0.0, 0.1}, 1.0)
      .batch(2);
}

/// `crop`: pixels a side that are cut out; `at_least`: see LoadImageOptions.
Dataset smears(const std::string& folder, std::int64_t count, std::int64_t crop,
               Size2D at_least = {0, 0}) {
  return Dataset::from_csv(folder + "/train.csv")
      .select({"filename"})
      .repeat()
      .take(count)
      .load_image("filename", "image", {.root = folder + "/images", .at_least = at_least})
      .crop_center({"image"}, {crop, crop})
      .resize({"image"}, {128, 128})
      .normalize({"image"}, {120.0, 120.0, 120.0}, {60.0, 60.0, 60.0})
      .drop({"filename"})
      .batch(32);
}

/// DeepMedic's two paths out of a scan, and nothing else of it. `whole`: a filter, which needs all
/// of a sample, stands before the patches; `cached`: behind a cache on disk.
Dataset paths(const std::string& file, std::int64_t count, bool whole, bool cached) {
  const auto all = [](const Record&) { return true; };
  const std::string folder =
      (std::filesystem::temp_directory_path() / "tenon_bench_paths").string();
  Dataset data = Dataset::from_tensors({{"path", Tensor::strings({1}, {file})}})
                     .repeat(count)
                     .load_volume("path", "image")
                     .drop({"path"});
  if (cached) data = data.cache(folder);
  data = data.window({"image"}, {0.0, 200.0});
  if (whole) data = data.filter(all);
  return data
      .multi_scale_patches({{"image", "Small", {25, 25, 25}}, {"image", "Large", {19, 19, 19}, 3}})
      .drop({"image"})
      .batch(8);
}

/// bench/blood_cells.toml's: two pieces of each image, and nothing else of it.
Dataset cells(const std::string& folder, std::int64_t count, bool whole) {
  const std::array<std::string, 4> box{"xmin", "ymin", "xmax", "ymax"};
  const auto all = [](const Record&) { return true; };
  const Dataset data = Dataset::from_csv(folder + "/train.csv")
                           .repeat()
                           .take(count)
                           .load_image("filename", "image", {.root = folder + "/images"})
                           .crop_box("image", "Small", box, {.size = {32, 32}})
                           .crop_around("image", "Large", box, {192, 192}, {.size = {64, 64}})
                           .scale({"Small", "Large"}, 1.0 / 255.0)
                           .random_flip({"Small", "Large"}, {"height", "width"});
  return (whole ? data.filter(all) : data).select({"Small", "Large"}).batch(32);
}

/// libjpeg-turbo and nothing around it, with the same crop, resize and normalisation.
Tensor bare_smear(const std::string& file) {
  std::FILE* stream = std::fopen(file.c_str(), "rb");
  if (stream == nullptr) throw std::runtime_error(file);
  jpeg_decompress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&jpeg);
  jpeg_stdio_src(&jpeg, stream);
  jpeg_read_header(&jpeg, TRUE);
  jpeg.out_color_space = JCS_RGB;
  jpeg_start_decompress(&jpeg);
  const std::int64_t height = jpeg.output_height;
  const std::int64_t width = jpeg.output_width;
  Tensor image = Tensor::uninitialized(DType::kUInt8, {height, width, 3});
  for (std::int64_t y = 0; y < height; ++y) {
    JSAMPROW row = image.data<std::uint8_t>().data() + y * width * 3;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
  std::fclose(stream);
  const Tensor cropped =
      data::crop_image(image, (height - 400) / 2, (width - 400) / 2, {400, 400}, 0.0);
  const Tensor small = data::resize_image(cropped, {128, 128}, Interpolation::kBilinear, true);
  Tensor out = Tensor::uninitialized(DType::kFloat32, small.shape());
  for (std::size_t i = 0; i < static_cast<std::size_t>(out.size()); ++i) {
    out.data<float>()[i] = (static_cast<float>(small.data<std::uint8_t>()[i]) - 120.0F) / 60.0F;
  }
  return out;
}

std::int64_t bare_smears(const std::string& folder, std::int64_t count, int threads) {
  std::vector<std::string> files;
  DatasetIterator names = Dataset::from_csv(folder + "/train.csv").select({"filename"}).iterate();
  Record record;
  while (names.next(record)) {
    files.push_back(folder + "/images/" + record.at("filename").item<std::string>());
  }
  std::atomic<std::int64_t> next{0};
  std::vector<std::jthread> workers;
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back([&] {
      for (std::int64_t at = next++; at < count; at = next++) {
        static_cast<void>(bare_smear(files[static_cast<std::size_t>(at) % files.size()]));
      }
    });
  }
  return count;
}

/// Reads a small file through the process that decodes volumes.
std::int64_t small_files(const std::string& file, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) static_cast<void>(readers::decode_volume(file));
  return count;
}

std::int64_t rows_of(const Dataset& data, int threads) {
  DatasetIterator iterator = data.iterate({.seed = 1, .threads = threads});
  Record record;
  std::int64_t rows = 0;
  while (iterator.next(record)) rows += record[0].dim(0);
  return rows;
}

std::int64_t run(const std::string& what, const std::string& path, std::int64_t count,
                 int threads) {
  if (what == "scans") return rows_of(scans(path, count), threads);
  if (what.starts_with("paths")) {
    const bool cached = what.ends_with("_cached");
    return rows_of(paths(path, count, what.starts_with("paths_whole"), cached), threads);
  }
  if (what.starts_with("cells")) return rows_of(cells(path, count, what == "cells_whole"), threads);
  if (what == "bare") return bare_smears(path, count, threads);
  if (what == "small") return small_files(path, count);
  if (what == "smears_part") return rows_of(smears(path, count, 160), threads);
  // Half of 480 x 640: the same field of view as the 400 of the whole.
  if (what == "smears_half") return rows_of(smears(path, count, 200, {240, 320}), threads);
  return rows_of(smears(path, count, 400), threads);
}

}  // namespace

/// bench_volume_pipeline scans, smears, smears_part, smears_half, bare, small, cells[_whole] or
/// paths[_whole][_cached], PATH COUNT THREADS: how many, and seconds.
int main(int count, char** arguments) {
  if (count != 5) return 2;
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t done =
      run(arguments[1], arguments[2], std::atoll(arguments[3]), std::atoi(arguments[4]));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  fmt::print("{} {:.4f}\n", done, seconds.count());
  return 0;
}
