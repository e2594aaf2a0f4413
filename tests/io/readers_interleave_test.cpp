// Several files side by side: TFRecord, tar, CSV, npz; how many are opened is counted by inotify.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>

#include "io/readers/crc32c.hpp"
#include "io/readers_temporary_folder.hpp"
#include "tenon/dataset.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"
#include "tenon/npz.hpp"

namespace tenon::readers::side_by_side {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

std::string record_of(int value) {
  // An Example with the feature x, an int64 below 128.
  std::string data("\x0A\x0C\x0A\x0A\x0A\x01x\x12\x05\x1A\x03\x0A\x01", 13);
  data += static_cast<char>(value);
  const std::uint64_t count = data.size();
  const std::string length(reinterpret_cast<const char*>(&count), sizeof(count));
  const auto checksum = [](const std::string& bytes) {
    const std::uint32_t sum = masked_crc32c(bytes);
    return std::string(reinterpret_cast<const char*>(&sum), sizeof(sum));
  };
  return length + checksum(length) + data + checksum(data);
}

std::string tar_member(const std::string& name, const std::string& text) {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  std::array<char, 12> octal{};
  std::snprintf(octal.data(), octal.size(), "%011o", static_cast<unsigned>(text.size()));
  header.replace(124, 11, octal.data());
  header[156] = '0';
  header.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char byte : header) sum += static_cast<unsigned char>(byte);
  std::snprintf(octal.data(), octal.size(), "%06o", sum);
  header.replace(148, 7, std::string(octal.data(), 7));
  return header + text + std::string(512 - text.size(), '\0');
}

/// Files of these lengths; the values count on from 0 over all of them.
using Lengths = std::vector<int>;

Dataset tfrecord_files(const TemporaryFolder& folder, const Lengths& lengths) {
  int value = 0;
  for (std::size_t file = 0; file < lengths.size(); ++file) {
    std::string bytes;
    for (int i = 0; i < lengths[file]; ++i) bytes += record_of(value++);
    write_file_atomically(folder.path("a" + std::to_string(file) + ".tfrecord"), bytes);
  }
  return Dataset::from_tfrecord({folder.path("a*.tfrecord")});
}

Dataset tar_files(const TemporaryFolder& folder, const Lengths& lengths) {
  int value = 0;
  for (std::size_t file = 0; file < lengths.size(); ++file) {
    std::string bytes;
    for (int i = 0; i < lengths[file]; ++i, ++value)
      bytes += tar_member(std::to_string(value) + ".cls", std::to_string(value));
    write_file_atomically(folder.path("a" + std::to_string(file) + ".tar"),
                          bytes + std::string(1024, '\0'));
  }
  return Dataset::from_webdataset({folder.path("a*.tar")}, {.keys = {{"x", "cls"}}});
}

Dataset csv_files(const TemporaryFolder& folder, const Lengths& lengths) {
  int value = 0;
  for (std::size_t file = 0; file < lengths.size(); ++file) {
    std::string text = "x,name\n";
    for (int i = 0; i < lengths[file]; ++i, ++value)
      text += std::to_string(value) + ",n" + std::to_string(value % 3) + "\n";
    write_file_atomically(folder.path("a" + std::to_string(file) + ".csv"), text);
  }
  return Dataset::from_csv(std::vector<std::string>{folder.path("a*.csv")});
}

Dataset npz_files(const TemporaryFolder& folder, const Lengths& lengths) {
  std::int64_t value = 0;
  for (std::size_t file = 0; file < lengths.size(); ++file) {
    Tensor x(DType::kInt64, {lengths[file]});
    for (std::int64_t& each : x.data<std::int64_t>()) each = value++;
    save_npz(folder.path("a" + std::to_string(file) + ".npz"), {{"x", x}});
  }
  return Dataset::from_npz(std::vector<std::string>{folder.path("a*.npz")});
}

using MakeFiles = Dataset (*)(const TemporaryFolder&, const Lengths&);
const std::vector<std::pair<std::string, MakeFiles>>& kinds() {
  static const std::vector<std::pair<std::string, MakeFiles>> all = {
      {"tfrecord", tfrecord_files}, {"tar", tar_files}, {"csv", csv_files}, {"npz", npz_files}};
  return all;
}

std::vector<std::int64_t> values_of(DatasetIterator& iterator, std::size_t most = 1U << 20U) {
  std::vector<std::int64_t> values;
  Record record;
  while (values.size() < most && iterator.next(record))
    values.push_back(record.at("x").item<std::int64_t>());
  return values;
}

/// How often files of a folder are opened.
class OpenCounter {
 public:
  explicit OpenCounter(const std::string& folder)
      : descriptor_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    if (descriptor_ >= 0) ::inotify_add_watch(descriptor_, folder.c_str(), IN_OPEN);
  }
  OpenCounter(const OpenCounter&) = delete;
  OpenCounter& operator=(const OpenCounter&) = delete;
  ~OpenCounter() { ::close(descriptor_); }

  bool works() const { return descriptor_ >= 0; }
  int opens() {
    alignas(inotify_event) std::array<char, 65536> buffer;
    ssize_t got = 0;
    while ((got = ::read(descriptor_, buffer.data(), buffer.size())) > 0) {
      for (ssize_t at = 0; at < got;) {
        inotify_event event{};
        std::memcpy(&event, buffer.data() + at, sizeof(event));
        at += static_cast<ssize_t>(sizeof(event)) + static_cast<ssize_t>(event.len);
        opens_ += (event.mask & IN_ISDIR) == 0 ? 1 : 0;
      }
    }
    return opens_;
  }

 private:
  int descriptor_;
  int opens_ = 0;
};

/// How many files of `folder` this process has open.
std::size_t open_files(const std::string& folder) {
  std::size_t count = 0;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    count += !gone && target.starts_with(folder) ? 1 : 0;
  }
  return count;
}

TEST(InterleavedFiles, OfEveryKindGiveTfDatasOrder) {
  for (const auto& [name, make] : kinds()) {
    SCOPED_TRACE(name);
    const TemporaryFolder folder;
    const Dataset files = make(folder, {3, 0, 1, 4});
    DatasetIterator plain = files.iterate({.threads = 1});
    EXPECT_THAT(values_of(plain), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
    for (const int threads : {1, 2, 4}) {
      DatasetIterator iterator = files.interleave(2).iterate({.threads = threads});
      EXPECT_THAT(values_of(iterator), ElementsAre(0, 1, 3, 2, 4, 5, 6, 7));
    }
  }
}

TEST(InterleavedFiles, NoMoreThanTheCycleAreOpenAndEachIsOpenedOnce) {
  for (const auto& [name, make] : kinds()) {
    SCOPED_TRACE(name);
    const TemporaryFolder folder;
    const Dataset dataset =
        make(folder, {9, 9, 9, 9, 2, 0, 9, 9, 9, 5}).interleave(3, {.block_length = 2});
    // What opening kept open is let go when a run says how much it needs.
    DatasetIterator before = dataset.iterate({.threads = 1});
    values_of(before);
    OpenCounter counter(folder.path());
    if (!counter.works()) GTEST_SKIP() << "skipped: no inotify";
    DatasetIterator iterator = dataset.iterate({.threads = 1});
    std::size_t most = 0;
    std::size_t samples = 0;
    for (Record record; iterator.next(record); ++samples)
      most = std::max(most, open_files(folder.path()));
    EXPECT_EQ(samples, 70U);
    EXPECT_LE(most, 3U);
    EXPECT_GE(counter.opens(), 6) << "the last three may have been open";
    EXPECT_LE(counter.opens(), 9) << "files with samples";
  }
}

TEST(InterleavedFiles, RestoringOpensNoMoreThanTheCycle) {
  for (const auto& [name, make] : kinds()) {
    SCOPED_TRACE(name);
    const TemporaryFolder folder;
    const Dataset dataset = make(folder, {9, 9, 9, 9, 9, 9, 9, 9, 9}).interleave(3);
    DatasetIterator iterator = dataset.iterate({.threads = 2});
    const std::size_t near_the_end = 75;  // Of 81: in the last three files.
    ASSERT_EQ(values_of(iterator, near_the_end).size(), near_the_end);
    const std::string state = iterator.state();
    const std::vector<std::int64_t> rest = values_of(iterator);
    EXPECT_EQ(rest.size(), 6U);
    for (const int threads : {1, 4}) {
      // Another run forgets what is open.
      DatasetIterator all = dataset.iterate({.threads = 1});
      values_of(all, 9);
      OpenCounter counter(folder.path());
      if (!counter.works()) GTEST_SKIP() << "skipped: no inotify";
      DatasetIterator again = dataset.iterate({.threads = threads});
      again.restore(state);
      EXPECT_EQ(values_of(again), rest) << threads << " threads";
      EXPECT_EQ(counter.opens(), 3) << threads << " threads";
    }
  }
}

TEST(InterleavedFiles, ADamagedOneIsABadSampleInItsPlace) {
  const TemporaryFolder folder;
  tfrecord_files(folder, {3, 3, 3});
  std::string bytes = read_file(folder.path("a1.tfrecord"));
  bytes[bytes.size() / 3] ^= 1;  // The second record's length.
  write_file_atomically(folder.path("a1.tfrecord"), bytes);
  DatasetIterator iterator = Dataset::from_tfrecord({folder.path("a{0..2}.tfrecord")})
                                 .interleave(3)
                                 .on_bad_sample({BadSamplePolicy::kSkip, 1.0})
                                 .iterate({.threads = 2});
  EXPECT_THAT(values_of(iterator), ElementsAre(0, 3, 6, 1, 7, 2, 8));
  ASSERT_EQ(iterator.bad_samples().size(), 1U);
  EXPECT_THAT(iterator.bad_samples()[0].reason,
              AllOf(HasSubstr("a1.tfrecord, record 2"), HasSubstr("the rest of the file")));
}

/// A sample of serialized files is known by its bytes: a file that changes is never served stale.
TEST(InterleavedFiles, AreCachedByWhatIsInThem) {
  for (const auto& [name, make] : kinds()) {
    SCOPED_TRACE(name);
    const TemporaryFolder folder;
    const TemporaryFolder cache;
    const auto run = [&](const Lengths& lengths, int expected) {
      const Dataset dataset =
          make(folder, lengths).cast({"x"}, DType::kFloat32).cache(cache.path());
      EXPECT_THAT(dataset.diagnostics(), ::testing::IsEmpty()) << "no version is needed";
      DatasetIterator iterator = dataset.iterate({.threads = 1});
      std::int64_t count = 0;
      for (Record record; iterator.next(record); ++count)
        EXPECT_EQ(record.at("x").item<float>(), static_cast<float>(count));
      std::int64_t made = 0;
      for (const StageProfile& stage : iterator.profile().stages)
        if (stage.stage.name == "cast") made = stage.calls;
      EXPECT_EQ(count - made, expected);
    };
    run({3, 2}, 0);
    run({3, 2}, 5);
    run({4, 3}, 5);
  }
}

TEST(InterleavedFiles, ADamagedTableIsToldWithItsName) {
  const TemporaryFolder folder;
  csv_files(folder, {3, 3});
  write_file_atomically(folder.path("a1.csv"), "x,name\n1,\"never closed\n");
  try {
    Dataset::from_csv(std::vector<std::string>{folder.path("a*.csv")});
    FAIL() << "nothing was thrown";
  } catch (const FormatError& error) {
    EXPECT_THAT(error.what(), HasSubstr("a1.csv"));
  }
}

TEST(SeveralTables, LearnTheirTypesFromTheRowsOfAll) {
  const TemporaryFolder folder;
  write_file_atomically(folder.path("a.csv"), "n,r,s,e\n1,1,1,\n2,2,2,\n");
  write_file_atomically(folder.path("b.csv"), "n,r,s,e\n-3,0.5,x,7\n");
  write_file_atomically(folder.path("c.csv"), "n,r,s,e\n");
  const Dataset dataset = Dataset::from_csv(std::vector<std::string>{folder.path("{a,b,c}.csv")});
  EXPECT_EQ(dataset.schema().spec("n").dtype, DType::kInt64);
  EXPECT_EQ(dataset.schema().spec("r").dtype, DType::kFloat32);
  EXPECT_EQ(dataset.schema().spec("s").dtype, DType::kString);
  EXPECT_EQ(dataset.schema().spec("e").dtype, DType::kInt64) << "empty cells say nothing";
  DatasetIterator iterator =
      dataset.on_bad_sample({BadSamplePolicy::kSkip, 1.0}).iterate({.threads = 1});
  Record record;
  ASSERT_TRUE(iterator.next(record));
  EXPECT_EQ(record.at("n").item<std::int64_t>(), -3);
  EXPECT_EQ(record.sample().index, 2);
  EXPECT_EQ(record.sample().row, 2);
  EXPECT_THAT(record.sample().file, HasSubstr("b.csv"));
  EXPECT_FALSE(iterator.next(record));
  EXPECT_EQ(iterator.bad_samples().size(), 2U) << "rows without e";
}

TEST(SeveralTables, OfOtherColumnsAreTold) {
  const TemporaryFolder folder;
  write_file_atomically(folder.path("a.csv"), "x,y\n1,2\n");
  write_file_atomically(folder.path("b.csv"), "x,z\n1,2\n");
  try {
    Dataset::from_csv(std::vector<std::string>{folder.path("?.csv")});
    FAIL() << "nothing was thrown";
  } catch (const FormatError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("b.csv"), HasSubstr("\"z\" i64"),
                                    HasSubstr("\"x\" i64 (), \"y\" i64 ()")));
  }
}

}  // namespace
}  // namespace tenon::readers::side_by_side
