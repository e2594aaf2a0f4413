// Every reader on a small file cut off at every byte: what it then gives is right, or it says what
// is wrong, with the file's name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>

#include "io/readers/crc32c.hpp"
#include "io/readers/image.hpp"
#include "io/readers/image_writer.hpp"
#include "io/readers/volume.hpp"
#include "io/readers_drawn_images.hpp"
#include "io/readers_temporary_folder.hpp"
#include "tenon/dataset.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"
#include "tenon/npz.hpp"

namespace tenon::readers {
namespace {

using testing::drawn_image;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

/// What came of a file: nothing where it was told to be wrong.
std::optional<Tensor> tensor_or_reason(const std::string& name,
                                       const std::function<Tensor()>& read) {
  try {
    return read();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(name));
    EXPECT_THAT(error.code(), ::testing::AnyOf("F001", "G003", "D001", "S002"));
    return std::nullopt;
  }
}

/// Cuts an image file everywhere; how many cuts still gave the whole image.
int whole_in_spite_of_cuts(const std::string& bytes, const std::string& name) {
  const Tensor whole = decode_image(bytes, name);
  int good = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    // A copy of its own, so that the address sanitizer sees a step behind the end.
    const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const auto image = tensor_or_reason(
        name, [&] { return decode_image(std::string_view(cut.data(), cut.size()), name); });
    if (!image) continue;
    EXPECT_TRUE(image->equals(whole)) << name << " cut to " << size;
    ++good;
  }
  return good;
}

TEST(Truncation, Jpeg) {
  const TemporaryFolder folder;
  write_jpeg(folder.path("a.jpg"), drawn_image(13, 17, 3), 90);
  EXPECT_LE(whole_in_spite_of_cuts(read_file(folder.path("a.jpg")), "a.jpg"), 2)
      << "the last two bytes are its end mark";
}

TEST(Truncation, Png) {
  EXPECT_LE(whole_in_spite_of_cuts(encode_png(drawn_image(9, 7, 4)), "a.png"), 12)
      << "the last chunk holds nothing";
}

std::string short_of(std::uint16_t value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}
std::string long_of(std::uint32_t value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

/// Two pages of 3 x 4 grey pixels.
std::string two_page_tiff() {
  std::string bytes = "II" + short_of(42) + long_of(8);
  for (const std::uint32_t page : {0U, 1U}) {
    const auto begin = static_cast<std::uint32_t>(bytes.size());
    const std::vector<std::array<std::uint32_t, 2>> tags = {
        {256, 4},           {257, 3}, {258, 8}, {259, 1},  {262, 1},
        {273, begin + 126}, {277, 1}, {278, 3}, {279, 12}, {339, 1}};
    bytes += short_of(static_cast<std::uint16_t>(tags.size()));
    for (const auto& [tag, value] : tags)
      bytes +=
          short_of(static_cast<std::uint16_t>(tag)) + short_of(4) + long_of(1) + long_of(value);
    bytes += long_of(page == 0 ? begin + 138 : 0);
    for (char pixel = 0; pixel < 12; ++pixel) bytes += pixel;
  }
  return bytes;
}

TEST(Truncation, TiffPages) {
  const std::string bytes = two_page_tiff();
  const Tensor whole = decode_tiff_pages(bytes, "a.tif");
  EXPECT_EQ(whole.shape(), (Shape{2, 3, 4, 1}));
  EXPECT_LE(whole_in_spite_of_cuts(bytes, "a.tif"), 138) << "the second page may be missing";
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto pages = tensor_or_reason(
        "a.tif", [&] { return decode_tiff_pages(bytes.substr(0, size), "a.tif"); });
    EXPECT_FALSE(pages) << size;
  }
}

/// Without the care for what was there before, which costs a hundred times the rest.
void write_cut(const std::string& path, const std::string& bytes, std::size_t size) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(size));
}

/// With TENON_EVERY_BYTE in the environment nothing is passed over, also where that takes a minute.
std::size_t stepped(std::size_t step) {
  return std::getenv("TENON_EVERY_BYTE") == nullptr ? step : 1;
}

/// The good records of a source that is opened and read to its end, and how many were bad.
struct Remains {
  std::vector<Record> records;
  std::size_t bad = 0;
};
std::optional<Remains> remains_of(const std::string& path,
                                  const std::function<Dataset(const std::string&)>& open) {
  try {
    DatasetIterator iterator =
        open(path)
            .on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = 1.0})
            .iterate({.threads = 1});
    Remains remains;
    for (Record record; iterator.next(record);) remains.records.push_back(record);
    for (const BadSample& bad : iterator.bad_samples()) EXPECT_THAT(bad.reason, HasSubstr(path));
    remains.bad = iterator.bad_samples().size();
    return remains;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(path));
    return std::nullopt;
  }
}

/// Records of each cut are the first of the whole's. `silent`: where nothing has to be told.
void expect_beginnings(const std::string& bytes, const std::string& name,
                       const std::function<Dataset(const std::string&)>& open,
                       const std::function<bool(std::size_t size)>& silent,
                       std::size_t unsure_records = 0, std::size_t step = 1) {
  const TemporaryFolder folder;
  const std::string path = folder.path(name);
  write_file_atomically(path, bytes);
  const auto whole = remains_of(path, open);
  ASSERT_TRUE(whole);
  ASSERT_EQ(whole->bad, 0U);
  for (std::size_t size = 0; size < bytes.size(); size += stepped(step)) {
    write_cut(path, bytes, size);
    const auto cut = remains_of(path, open);
    if (!cut) continue;
    ASSERT_LE(cut->records.size(), whole->records.size());
    EXPECT_TRUE(cut->bad > 0 || silent(size)) << name << " cut to " << size << " said nothing";
    for (std::size_t i = 0; i + unsure_records < cut->records.size(); ++i) {
      const std::vector<Tensor>& values = cut->records[i].values();
      for (std::size_t slot = 0; slot < values.size(); ++slot)
        EXPECT_TRUE(values[slot].equals(whole->records[i].values()[slot])) << size;
    }
  }
}

std::string framed_record(const std::string& data) {
  const std::uint64_t count = data.size();
  const std::string length(reinterpret_cast<const char*>(&count), sizeof(count));
  return length + long_of(masked_crc32c(length)) + data + long_of(masked_crc32c(data));
}

TEST(Truncation, TfRecord) {
  const std::string record = framed_record("\x0A\x0C\x0A\x0A\x0A\x01x\x12\x05\x1A\x03\x0A\x01\x07");
  expect_beginnings(
      record + record + record, "a.tfrecord",
      [](const std::string& path) { return Dataset::from_tfrecord({path}); },
      [&](std::size_t size) { return size % record.size() == 0; });
}

std::string tar_header_of(const std::string& name, std::size_t size) {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  char octal[12];
  std::snprintf(octal, sizeof(octal), "%011o", static_cast<unsigned>(size));
  header.replace(124, 11, octal);
  header[156] = '0';
  header.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char byte : header) sum += static_cast<unsigned char>(byte);
  std::snprintf(octal, sizeof(octal), "%06o", sum);
  header.replace(148, 7, std::string(octal, 7));
  return header;
}

TEST(Truncation, WebDataset) {
  std::string bytes;
  for (const char* name : {"a.cls", "b.cls"})
    bytes += tar_header_of(name, 2) + "17" + std::string(510, '\0');
  const std::size_t zeros = bytes.size() + 512;
  bytes += std::string(1024, '\0');
  expect_beginnings(
      bytes, "a.tar", [](const std::string& path) { return Dataset::from_webdataset({path}); },
      [&](std::size_t size) { return size >= zeros; }, 0, 7);
}

/// A table has no end mark: what is there is read, and the last cell may be a part of one.
TEST(Truncation, Csv) {
  expect_beginnings(
      "name,x,y\n\"a\"\"b\",1,2.5\nc,22,3\n\"d\ne\",333,4\n", "a.csv",
      [](const std::string& path) {
        return Dataset::from_csv(path, {.types = {{"x", DType::kInt64}, {"y", DType::kFloat32}}});
      },
      [](std::size_t) { return true; }, 1);
}

TEST(Truncation, Npz) {
  const TemporaryFolder folder;
  save_npz(folder.path("w.npz"), {{"a", Tensor::from<float>({2, 2}, {1, 2, 3, 4})},
                                  {"b", Tensor::from<std::int64_t>({2}, {5, 6})}});
  expect_beginnings(
      read_file(folder.path("w.npz")), "a.npz",
      [](const std::string& path) { return Dataset::from_npz(path); },
      [](std::size_t) { return false; });
}

class VolumeTruncation : public ::testing::TestWithParam<const char*> {};

TEST_P(VolumeTruncation, EveryByte) {
  const TemporaryFolder folder;
  const std::string command = "/usr/bin/python3 '" TENON_SOURCE_DIR
                              "/tests/io/truncation_files.py' '" +
                              folder.path() + "' 2>/dev/null";
  if (std::system(command.c_str()) != 0)
    GTEST_SKIP() << "skipped: no python3 with nibabel, pydicom";
  const std::string name = GetParam();
  const std::string bytes = read_file(folder.path(name));
  const auto load = [&] { return load_volume(folder.path(name), 0, DType::kFloat32, ""); };
  const Tensor whole = load();
  // What the check of the header lets pass goes to the process that decodes, 10 ms a time.
  const std::size_t step = name == "a.dcm" ? 19 : 7;
  for (std::size_t size = 0; size < bytes.size(); size += stepped(step)) {
    write_cut(folder.path(name), bytes, size);
    const auto volume = tensor_or_reason(name, load);
    EXPECT_TRUE(!volume || volume->equals(whole)) << name << " cut to " << size;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, VolumeTruncation,
                         ::testing::Values("a.nii", "a.nii.gz", "a.nrrd", "a.mha", "a.dcm"),
                         [](const auto& kind) {
                           std::string name = std::string(kind.param).substr(2);
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace tenon::readers
