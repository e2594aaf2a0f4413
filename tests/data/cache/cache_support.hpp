#pragma once

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "data/stages/named_stage.hpp"
#include "data/support.hpp"

namespace tenon::data_test {

/// A folder of its own, removed in the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    static std::atomic<int> count{0};
    path_ = std::filesystem::temp_directory_path() /
            ("tenon_cache_" + std::to_string(::getpid()) + "_" + std::to_string(++count));
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Reads a volume of 40 x 50 x 60 voxels whose first is the number in the file `key` names; counts
/// how often.
class ReadNumber final : public data::NamedStage<data::SampleStage> {
 public:
  ReadNumber(std::shared_ptr<std::atomic<int>> runs, double factor)
      : NamedStage("read_number", {}), runs_(std::move(runs)), factor_(factor) {}
  void edit(data::SchemaEditor& editor) const override {
    static_cast<void>(editor.require("path"));
    editor.add("volume", TensorSpec(DType::kFloat32, {Dim(40), Dim(50), Dim(60), Dim(1)}, "DHWC"));
    editor.add("mask", TensorSpec(DType::kUInt8, {Dim(40), Dim(50), Dim(60), Dim(1)}, "DHWC"));
  }
  std::string arguments() const override { return std::to_string(factor_); }
  std::optional<data::FileKey> file_key() const override { return data::FileKey{"path", ""}; }
  data::SampleFunction bind(std::shared_ptr<const Schema> in,
                            std::shared_ptr<const Schema> out) const override {
    return [this, path = in->slot("path"), out](Record record, const data::SampleContext&) {
      ++*runs_;
      double number = 0.0;
      std::ifstream(record[path].item<std::string>()) >> number;
      std::vector<Tensor> values = record.values();
      values.push_back(volume(static_cast<float>(number * factor_)));
      values.push_back(mask(static_cast<int>(number)));
      return Record(out, std::move(values), std::move(record.samples()));
    };
  }
  static Tensor volume(float first) {
    Tensor values(DType::kFloat32, {40, 50, 60, 1});
    for (float& value : values.data<float>()) value = (first += 0.25F);
    Geometry geometry;
    geometry.spacing = {3.0, 1.5, 1.25};
    geometry.origin = {-7.0, 11.0, 5.0};
    values.set_geometry(geometry);
    return values;
  }
  static Tensor mask(int seed) {
    Tensor values(DType::kUInt8, {40, 50, 60, 1});
    std::size_t at = 0;
    for (auto& value : values.data<std::uint8_t>()) value = (at++ + seed) % 997 == 0 ? 1 : 0;
    return values;
  }

 private:
  std::shared_ptr<std::atomic<int>> runs_;
  double factor_;
};

/// `count` files with a number each, and the data that read them.
struct NumberFiles {
  explicit NumberFiles(int its_count) : count(its_count) {
    for (int i = 0; i < count; ++i) write(i, i);
  }
  void write(int file, int number) const { std::ofstream(path(file)) << number << "\n"; }
  std::string path(int file) const { return folder / ("number" + std::to_string(file)); }
  Dataset data(double factor = 1.0) const {
    std::vector<std::string> paths;
    for (int i = 0; i < count; ++i) paths.push_back(path(i));
    const Dataset table = Dataset::from_tensors({{"path", Tensor::strings({count}, paths)}});
    return table.stage(std::make_shared<ReadNumber>(runs, factor));
  }
  std::string cache() const { return folder / "cache"; }

  TemporaryFolder folder;
  int count;
  std::shared_ptr<std::atomic<int>> runs = std::make_shared<std::atomic<int>>(0);
};

/// As expect_equal, and where volumes lie.
inline void expect_same(const std::vector<Record>& a, const std::vector<Record>& b) {
  expect_equal(a, b);
  if (a.size() != b.size()) return;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t slot = 0; slot < a[i].size(); ++slot) {
      ASSERT_EQ(a[i][slot].geometry() == nullptr, b[i][slot].geometry() == nullptr);
      if (a[i][slot].geometry() != nullptr) {
        EXPECT_EQ(*a[i][slot].geometry(), *b[i][slot].geometry()) << i << " " << slot;
      }
    }
  }
}

}  // namespace tenon::data_test
