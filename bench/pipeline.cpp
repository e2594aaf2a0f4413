// What the pipeline costs and saves: the executor over a bare loop, memory of a long stream, the
// second epoch from a disk cache with crops that read only their part.
//   bench_pipeline overhead IMAGES    a folder of JPEG files
//   bench_pipeline stream             10 GB through two threads
//   bench_pipeline cache VOLUME       a NIfTI file; a temporary folder is filled and removed
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "data/pipeline.hpp"
#include "data/source.hpp"
#include "tenon/dataset.hpp"

namespace {

using namespace tenon;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

Dataset images_of(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".jpg") names.push_back(entry.path().string());
  }
  std::sort(names.begin(), names.end());
  const auto count = static_cast<std::int64_t>(names.size());
  return Dataset::from_tensors({{"path", Tensor::strings({count}, std::move(names))}})
      .load_image("path", "image")
      .resize({"image"}, {128, 128});
}

/// The same functions without an executor: one after another, in this thread.
double bare_seconds(const Dataset& dataset) {
  const data::Pipeline& pipeline = *dataset.pipeline();
  std::vector<data::SampleFunction> functions;
  for (const data::PlacedStage& placed : pipeline.stages()) {
    functions.push_back(
        static_cast<const data::SampleStage&>(*placed.stage).bind(placed.in, placed.out));
  }
  const auto begin = Clock::now();
  for (std::int64_t i = 0; i < pipeline.source()->cardinality().count; ++i) {
    Record record = pipeline.source()->read(i);
    for (const auto& function : functions) record = function(std::move(record), {});
  }
  return seconds_since(begin);
}

double epoch_seconds(DatasetIterator& iterator) {
  const auto begin = Clock::now();
  Record record;
  while (iterator.next(record)) {
  }
  const double seconds = seconds_since(begin);
  iterator.next_epoch();
  return seconds;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void overhead(const std::string& folder) {
  constexpr int kRounds = 9;
  const Dataset dataset = images_of(folder);
  DatasetIterator one = dataset.iterate({.threads = 1});
  DatasetIterator two = dataset.iterate({.threads = 2});
  bare_seconds(dataset);
  std::vector<double> of_one;
  std::vector<double> of_two;
  std::vector<double> bare;
  for (int round = 0; round < kRounds; ++round) {
    bare.push_back(bare_seconds(dataset));
    of_one.push_back(epoch_seconds(one) / bare.back());
    of_two.push_back(epoch_seconds(two) / bare.back());
  }
  const auto count = static_cast<double>(dataset.cardinality().count);
  fmt::print(
      "bare loop: {:.3f} ms an image; executor without threads: {:.3f} of it, with 2: "
      "{:.3f} (medians of {} rounds)\n",
      1e3 * median(bare) / count, median(of_one), median(of_two), kRounds);
}

/// Largest resident memory so far, bytes.
std::int64_t peak_resident() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return 1024 * std::stoll(line.substr(6));
  }
  return 0;
}

void stream() {
  constexpr std::int64_t kBytes = 4'000'000;
  constexpr std::int64_t kCount = 2'500;
  const auto schema = std::make_shared<const Schema>(
      Schema{{"image", TensorSpec(DType::kUInt8, {1000, 1000, 4}, "HWC")}});
  const Dataset dataset = Dataset::from_function(*schema, kCount,
                                                 [schema](std::int64_t index) {
                                                   Tensor image(DType::kUInt8, {1000, 1000, 4});
                                                   image.data<std::uint8_t>()[0] =
                                                       static_cast<std::uint8_t>(index);
                                                   return Record(schema, {image}, {});
                                                 })
                              .shuffle(kCount)
                              .random_flip({"image"}, {"width"})
                              .batch(8)
                              .prefetch(2);
  DatasetIterator iterator = dataset.iterate({.threads = 2});
  const auto begin = Clock::now();
  Record record;
  std::int64_t bytes = 0;
  while (iterator.next(record)) bytes += static_cast<std::int64_t>(record[0].byte_size());
  fmt::print("{:.1f} GB of samples of {} MB in {:.1f} s, at most {:.0f} MB resident\n",
             1e-9 * static_cast<double>(bytes), kBytes / 1'000'000, seconds_since(begin),
             1e-6 * static_cast<double>(peak_resident()));
}

void cache(const std::string& volume) {
  constexpr int kCopies = 8;
  const fs::path folder =
      fs::temp_directory_path() / fmt::format("tenon_bench_pipeline_{}", ::getpid());
  fs::create_directories(folder);
  std::vector<std::string> names;
  for (int i = 0; i < kCopies; ++i) {
    names.push_back((folder / fmt::format("{}.nii.gz", i)).string());
    fs::copy_file(volume, names.back());
  }
  const Dataset loaded = Dataset::from_tensors({{"path", Tensor::strings({kCopies}, names)}})
                             .load_volume("path", "image")
                             .drop({"path"});
  const auto seen = [](const Dataset& data) {
    return data.random_crop({"image"}, {64, 64, 64}).random_rotate_90({"image"});
  };
  DatasetIterator cached = seen(loaded.cache((folder / "cache").string())).iterate({.threads = 2});
  DatasetIterator plain = seen(loaded).iterate({.threads = 2});
  epoch_seconds(plain);  // The decoders are started with the first.
  const double without = epoch_seconds(plain);
  const double first = epoch_seconds(cached);
  std::vector<double> later;
  for (int epoch = 0; epoch < 9; ++epoch) later.push_back(epoch_seconds(cached));
  fmt::print(
      "{} volumes: {:.1f} ms each without a cache, {:.1f} ms in the first epoch, {:.2f} ms in "
      "later ones (median): first / later = {:.0f}, without / later = {:.0f}\n",
      kCopies, 1e3 * without / kCopies, 1e3 * first / kCopies, 1e3 * median(later) / kCopies,
      first / median(later), without / median(later));
  fs::remove_all(folder);
}

}  // namespace

int main(int count, char** arguments) {
  const std::string what = count > 1 ? arguments[1] : "";
  if (what == "overhead" && count == 3) {
    overhead(arguments[2]);
  } else if (what == "stream" && count == 2) {
    stream();
  } else if (what == "cache" && count == 3) {
    cache(arguments[2]);
  } else {
    fmt::print(stderr, "bench_pipeline overhead IMAGES | stream | cache VOLUME\n");
    return 2;
  }
  return 0;
}
