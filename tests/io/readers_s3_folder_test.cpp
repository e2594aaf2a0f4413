// Series of DICOM files in S3 (OpenStack Swift, which checks signatures), as they are read from a
// folder here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "io/readers/download.hpp"
#include "io/readers/s3_address.hpp"
#include "io/readers/s3_folder.hpp"
#include "io/readers/s3_listing.hpp"
#include "io/readers/transfer.hpp"
#include "io/readers/volume.hpp"
#include "io/readers_temporary_folder.hpp"
#include "io/server_process.hpp"
#include "tenon/dataset.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"

namespace tenon::readers {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using testing::EnvironmentVariable;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ServerProcess;
using testing::TemporaryFolder;

const std::string kSeries = "s3://bucket/study/series";

/// Objects of a bucket, of the files in a folder here; copies go to a folder that is looked into.
class S3Folders : public ::testing::Test {
 protected:
  S3Folders()
      : region_("AWS_REGION", "us-east-1"),
        key_("AWS_ACCESS_KEY_ID", "test:tester"),
        secret_("AWS_SECRET_ACCESS_KEY", "testing") {}

  void SetUp() override {
    if (!has_http()) GTEST_SKIP() << "skipped: built without libcurl";
    if (!fs::exists("/usr/bin/swift-proxy-server")) GTEST_SKIP() << "skipped: no OpenStack Swift";
    if (!make_series("study/series")) GTEST_SKIP() << "skipped: no python3-pydicom";
    take_addresses();
  }

  /// Eight slices, image000.dcm to image007.dcm.
  bool make_series(const std::string& folder) const {
    fs::create_directories(files_.path(folder));
    const std::string command =
        "/usr/bin/python3 '" TENON_SOURCE_DIR "/tests/io/dicom_series.py' '" + files_.path(folder) +
        "' '" + copies_.path("out.npz") + "' >/dev/null 2>&1";
    const bool made = std::system(command.c_str()) == 0;
    fs::remove(copies_.path("out.npz"));
    return made;
  }
  void start() {
    server_.emplace("flaky-s3", files_.path());
    endpoint_.emplace("AWS_ENDPOINT_URL", server_->address(""));
    temporary_.emplace("TMPDIR", copies_.path());
  }
  void write(const std::string& name, const std::string& bytes) const {
    fs::create_directories(fs::path(files_.path(name)).parent_path());
    write_file_atomically(files_.path(name), bytes);
  }
  std::string slice(int number) const {
    return read_file(files_.path("study/series/image00" + std::to_string(number) + ".dcm"));
  }
  /// See tests/io/servers.py.
  std::string tell(const std::string& what, const std::string& key,
                   const std::string& from = "") const {
    const std::string query =
        what + "?key=" + percent_encoded(key) + "&from=" + percent_encoded(from);
    return read_address(server_->address("-/" + query), std::uint64_t{1} << 30);
  }
  /// How often the server was asked for `what`, of which the line in its log is a part.
  int asked(const std::string& what) const {
    std::istringstream log(tell("log", ""));
    int count = 0;
    for (std::string line; std::getline(log, line);)
      if (line.find(what) != std::string::npos) ++count;
    return count;
  }
  Tensor local(const std::string& folder) const {
    return load_volume(files_.path(folder), 0, DType::kFloat32, "");
  }
  static Tensor read(const std::string& address, const std::string& series = "") {
    return load_volume(address, 0, DType::kFloat32, series);
  }
  void expect_as_local(const std::string& address, const std::string& folder) const {
    const Tensor expected = local(folder);
    const Tensor volume = read(address);
    EXPECT_TRUE(volume.equals(expected)) << address;
    ASSERT_NE(volume.geometry(), nullptr);
    EXPECT_EQ(difference_of(*volume.geometry(), *expected.geometry()).to_string(),
              difference_of(*expected.geometry(), *expected.geometry()).to_string());
    expect_nothing_left();
  }
  void expect_nothing_left() const { EXPECT_TRUE(fs::is_empty(copies_.path())); }
  /// What is told of `address`, with the place of its copy nowhere in it.
  std::string problem_of(const std::string& address, const std::string& series = "") const {
    expect_nothing_left();
    try {
      read(address, series);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), "F001");
      EXPECT_THAT(error.what(), Not(HasSubstr(copies_.path())));
      for (const Diagnostic& diagnostic : error.diagnostics()) {
        const std::string file = diagnostic.sample ? diagnostic.sample->file : "";
        EXPECT_THAT(file, Not(HasSubstr(copies_.path())));
      }
      expect_nothing_left();
      return error.what();
    }
    return "nothing was thrown";
  }

  TemporaryFolder files_;
  TemporaryFolder copies_;
  EnvironmentVariable region_;
  EnvironmentVariable key_;
  EnvironmentVariable secret_;
  std::optional<ServerProcess> server_;
  std::optional<EnvironmentVariable> endpoint_;
  std::optional<EnvironmentVariable> temporary_;
};

TEST(S3FolderNames, WhatNamesAFolder) {
  EXPECT_TRUE(is_s3_folder("s3://bucket"));
  EXPECT_TRUE(is_s3_folder("s3://bucket/"));
  EXPECT_TRUE(is_s3_folder("s3://bucket/study/"));
  EXPECT_FALSE(is_s3_folder("s3://bucket/study"));
  EXPECT_FALSE(is_s3_folder("https://host/study/"));
  EXPECT_FALSE(is_s3_folder("study/"));
  EXPECT_EQ(file_name_of("https://host/a/scan.nii.gz?version=2"), "scan.nii.gz");
  EXPECT_EQ(file_name_of("s3://bucket/a/scan #2?.nii.gz"), "scan__2_.nii.gz");
  EXPECT_EQ(file_name_of("s3://bucket/a/.."), "file");
  EXPECT_EQ(file_name_of("https://host/"), "file");
}

TEST_F(S3Folders, ASeriesIsReadAsOneHere) {
  write("study/series/deeper/image.dcm", slice(0));
  write("study/series/.hidden.dcm", slice(0));
  write("study/series/readme.txt", "Eight slices.");
  const std::string real = TENON_SOURCE_DIR "/../shared/data/dicom/";
  for (const char* name : {"CT_small", "MR_small_RLE", "emri_small"}) {
    if (fs::exists(real + name + ".dcm"))
      write(std::string("real/") + name + "/a.dcm", read_file(real + name + ".dcm"));
  }
  start();
  // A folder that a browser of buckets made, and names that no file here may have as they are.
  tell("put", "study/series/");
  const std::vector<std::string> names = {
      "a b+c %41.dcm",       "\u00FC?x#1.dcm", "+1+.dcm",  "C:\\slice&<7>", "*",
      std::string(300, 'n'), "~'\"\t.dcm",     "plain.dcm"};
  const std::string odd = "odd names/+/";
  for (std::size_t i = 0; i < names.size(); ++i)
    tell("put", odd + names[i], "study/series/image00" + std::to_string(i) + ".dcm");
  for (const char* other : {"..", "x/../y.dcm", "../z.dcm"})
    tell("put", odd + other, "study/series/image000.dcm");
  for (const std::string& address : {kSeries, kSeries + "/"})
    expect_as_local(address, "study/series");
  expect_as_local("s3://bucket/" + odd, "study/series");
  EXPECT_EQ(asked("deeper") + asked(".hidden"), 0);
  // Keys are no paths: nothing in them leads out of a folder, there or here.
  const std::string downloads = files_.path("downloads");
  const EnvironmentVariable kept("TENON_DOWNLOADS", downloads);
  for (const char* other : {"..", "x/../y.dcm", "../z.dcm"}) {
    EXPECT_EQ(read_address("s3://bucket/" + odd + other, 1 << 20), slice(0)) << other;
    const std::string copy = local_copy("s3://bucket/" + odd + other);
    EXPECT_EQ(fs::path(copy).parent_path(), downloads);
    EXPECT_EQ(read_file(copy), slice(0));
  }
  const std::vector<S3File> all = list_s3_folder("s3://bucket/" + odd, 100);
  EXPECT_EQ(all.size(), 9U);
  EXPECT_EQ(list_s3_folder("s3://bucket/" + odd, 100, 1), all) << "page by page";
  EXPECT_EQ(list_s3_folder("s3://bucket/" + odd, 9, 2), all);
  EXPECT_THAT([&] { list_s3_folder("s3://bucket/" + odd, 8, 3); },
              ::testing::ThrowsMessage<FormatError>(HasSubstr("has more than 8 files")));
  for (const char* name : {"CT_small", "MR_small_RLE", "emri_small"}) {
    const std::string folder = std::string("real/") + name;
    if (fs::exists(files_.path(folder))) expect_as_local("s3://bucket/" + folder + "/", folder);
  }
  const Dataset data =
      Dataset::from_tensors({{"path", Tensor::strings({2}, {"series", "series/"})}})
          .load_volume("path", "image", {.root = "s3://bucket/study"})
          .on_bad_sample({BadSamplePolicy::kStop, 0.0});
  DatasetIterator iterator = data.iterate({.threads = 2});
  const Tensor expected = local("study/series");
  int count = 0;
  for (Record record; iterator.next(record); ++count)
    EXPECT_TRUE(record.at("image").equals(expected));
  EXPECT_EQ(count, 2);
}

TEST_F(S3Folders, WhatFailsInTheMiddleIsTriedAgain) {
  start();
  tell("busy", "study/series/image003.dcm");
  tell("busy", "study/series/image003.dcm");
  tell("cut", "study/series/image005.dcm");
  expect_as_local(kSeries + "/", "study/series");
  EXPECT_EQ(asked("image003.dcm"), 3);
  EXPECT_EQ(asked("image005.dcm range=None"), 1);
  EXPECT_EQ(asked("image005.dcm range=bytes=514-"), 1);
  // One that is replaced while the others are fetched: the old and the new are not mixed.
  std::string changed = slice(6);
  changed.back() = static_cast<char>(changed.back() ^ 1);
  write("changed.dcm", changed);
  tell("swap", "study/series/image006.dcm", "changed.dcm");
  write("study/series/image006.dcm", changed);
  expect_as_local(kSeries + "/", "study/series");
  EXPECT_EQ(asked("image000.dcm"), 3) << "once, and then both times of two";
  for (int i = 0; i < 6; ++i) tell("busy", "study/series/image001.dcm");
  EXPECT_THAT(problem_of(kSeries + "/"),
              HasSubstr(kSeries + "/image001.dcm: the server answers 503, also after 6 tries"));
}

TEST_F(S3Folders, WhatIsNoSeriesIsTold) {
  make_series("two");
  for (const char* name : {"image001.dcm", "image002.dcm"})
    fs::copy_file(files_.path("study/series/" + std::string(name)),
                  files_.path("two/other-" + std::string(name)));
  write("text/readme.txt", "no DICOM");
  write("only/deeper/readme.txt", "no file in it");
  fs::copy(files_.path("study/series"), files_.path("cut"));
  write("cut/image004.dcm", slice(4).substr(0, 1000));
  fs::copy(files_.path("study/series"), files_.path("gap"));
  fs::remove(files_.path("gap/image004.dcm"));
  start();
  tell("put", "cut off/a b.dcm", "cut/image004.dcm");
  const auto folder = [](const std::string& name) { return "s3://bucket/" + name + "/"; };
  EXPECT_THAT(problem_of(folder("nothing")),
              AllOf(HasSubstr("s3://bucket/nothing/: there are no files in this folder"),
                    HasSubstr("check the address")));
  EXPECT_THAT(problem_of(folder("only")), HasSubstr("sub-folders are not looked into"));
  EXPECT_THAT(problem_of("s3://bucket/nothing"),
              AllOf(HasSubstr("s3://bucket/nothing: the server answers 404 NoSuchKey"),
                    HasSubstr("it has no such file")));
  EXPECT_THAT(problem_of("s3://none/series/"),
              AllOf(HasSubstr("s3://none/series/: "), HasSubstr("NoSuchBucket")));
  EXPECT_THAT(problem_of(folder("text")), HasSubstr("\"s3://bucket/text/\" cannot be read as a "
                                                    "volume: the folder holds no DICOM files"));
  EXPECT_THAT(problem_of(folder("two")), AllOf(HasSubstr("s3://bucket/two/"),
                                               HasSubstr("the folder holds 2 series; name one")));
  EXPECT_THAT(problem_of(folder("two"), "9.9"), HasSubstr("the folder has no series 9.9"));
  EXPECT_THAT(problem_of(folder("cut")),
              HasSubstr("\"s3://bucket/cut/image004.dcm\" cannot be read as a volume: it is cut "
                        "off: 42 bytes of pixels where 70 are promised"));
  EXPECT_THAT(problem_of(folder("cut off")), HasSubstr("\"s3://bucket/cut off/a b.dcm\" cannot"));
  EXPECT_THAT(problem_of(folder("gap")),
              AllOf(HasSubstr("\"s3://bucket/gap/\""), HasSubstr("is one missing?")));
  {
    const EnvironmentVariable wrong("AWS_SECRET_ACCESS_KEY", "wrong");
    EXPECT_THAT(problem_of(kSeries + "/"),
                AllOf(HasSubstr(kSeries + "/: the server answers 403 SignatureDoesNotMatch"),
                      HasSubstr("AWS_SECRET_ACCESS_KEY are to be a key of this server")));
    EXPECT_THAT(problem_of(kSeries), HasSubstr("403 SignatureDoesNotMatch"));
  }
  // Bad samples keep the address.
  const Dataset data =
      Dataset::from_tensors({{"path", Tensor::strings({2}, {"cut/", "study/series"})}})
          .load_volume("path", "image", {.root = "s3://bucket"})
          .on_bad_sample({BadSamplePolicy::kSkip, 1.0});
  DatasetIterator iterator = data.iterate({.threads = 1});
  Record record;
  ASSERT_TRUE(iterator.next(record));
  EXPECT_TRUE(record.at("image").equals(local("study/series")));
  ASSERT_EQ(iterator.bad_samples().size(), 1U);
  EXPECT_EQ(iterator.bad_samples()[0].sample.file, "s3://bucket/cut/");
}

/// Runs in a process of its own, as if at another time.
template <class Call>
bool holds_in_another_process(const Call& call) {
  const pid_t child = ::fork();
  if (child == 0) {
    bool holds = false;
    try {
      holds = call();
    } catch (...) {
    }
    ::_exit(holds ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return status == 0;
}

TEST_F(S3Folders, CachesKnowAFolderByAllItsFiles) {
  // A name of its own: what a process has asked once it does not ask again.
  fs::rename(files_.path("study/series"), files_.path("study/cached"));
  write("table.csv", "path\ns3://bucket/study/cached\n");
  start();
  TemporaryFolder cache;
  const auto image_is = [&](const Tensor& expected) {
    return holds_in_another_process([&] {
      const Dataset data = Dataset::from_csv(files_.path("table.csv"))
                               .load_volume("path", "image")
                               .cache(cache.path());
      bool holds = true;
      for (int epoch = 0; epoch < 2; ++epoch) {
        DatasetIterator iterator = data.iterate({.threads = 1});
        int count = 0;
        for (Record record; iterator.next(record); ++count)
          holds = holds && record.at("image").equals(expected);
        holds = holds && count == 1;
      }
      return holds;
    });
  };
  const Tensor first = local("study/cached");
  EXPECT_TRUE(image_is(first));
  EXPECT_EQ(asked("image002.dcm"), 1);
  EXPECT_TRUE(image_is(first));
  EXPECT_EQ(asked("image002.dcm"), 1) << "it came out of the cache";
  std::string changed = read_file(files_.path("study/cached/image002.dcm"));
  changed.back() = static_cast<char>(changed.back() ^ 1);
  write("study/cached/image002.dcm", changed);
  tell("put", "study/cached/image002.dcm", "study/cached/image002.dcm");
  const Tensor second = local("study/cached");
  EXPECT_FALSE(second.equals(first));
  EXPECT_TRUE(image_is(second));
  EXPECT_EQ(asked("image002.dcm"), 2);
}

}  // namespace
}  // namespace tenon::readers
