#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>

#include "core/address.hpp"
#include "io/readers/crc32c.hpp"
#include "io/readers/download.hpp"
#include "io/readers/image_writer.hpp"
#include "io/readers/s3_address.hpp"
#include "io/readers/s3_listing.hpp"
#include "io/readers/transfer.hpp"
#include "io/readers/volume.hpp"
#include "io/readers_drawn_images.hpp"
#include "io/readers_temporary_folder.hpp"
#include "io/server_process.hpp"
#include "tenon/dataset.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"
#include "tenon/npz.hpp"

namespace tenon::readers {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Each;
using testing::EnvironmentVariable;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ServerProcess;
using testing::TemporaryFolder;

constexpr std::uint64_t kMuch = std::uint64_t{1} << 30;

template <class Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

/// Bytes in which no part looks like another.
std::string bytes_of(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i)
    bytes.push_back(static_cast<char>((i * 2654435761U) >> 13U));
  return bytes;
}

/// Servers give the files of this folder; copies go to another one.
class Addresses : public ::testing::Test {
 protected:
  Addresses() : downloads_("TENON_DOWNLOADS", copies_.path()) {
    take_addresses();
    put("some.bin", bytes_of(300'000));
  }
  void SetUp() override {
    if (!has_http()) GTEST_SKIP() << "skipped: built without libcurl";
  }
  void put(const std::string& name, const std::string& bytes) const {
    write_file_atomically(files_.path(name), bytes);
  }
  std::string local(const std::string& name) const { return files_.path(name); }

  TemporaryFolder files_;
  TemporaryFolder copies_;
  EnvironmentVariable downloads_;
};

TEST(Address, NamesBelowFoldersAndAddresses) {
  EXPECT_TRUE(is_address("s3://bucket/key"));
  EXPECT_FALSE(is_address("file:///etc/passwd"));
  EXPECT_EQ(path_below("data", "a.png"), "data/a.png");
  EXPECT_EQ(path_below("data", "/a.png"), "/a.png");
  EXPECT_EQ(path_below("", "a.png"), "a.png");
  EXPECT_EQ(path_below("data", "https://host/a.png"), "https://host/a.png");
  EXPECT_EQ(path_below("https://host/x", "a/b.png"), "https://host/x/a/b.png");
  EXPECT_EQ(path_below("s3://bucket/", "a.png"), "s3://bucket/a.png");
  EXPECT_EQ(normal_path("a/../b"), "b");
  EXPECT_EQ(normal_path("https://host/a"), "https://host/a");
}

TEST(S3Address, GoesWhereTheEnvironmentSays) {
  const EnvironmentVariable no_key("AWS_ACCESS_KEY_ID", "");
  const EnvironmentVariable no_secret("AWS_SECRET_ACCESS_KEY", "");
  const EnvironmentVariable no_endpoint("AWS_ENDPOINT_URL", "");
  const EnvironmentVariable region("AWS_REGION", "eu-west-1");
  EXPECT_EQ(s3_request("s3://scans/a b/ü.nii").url,
            "https://scans.s3.eu-west-1.amazonaws.com/a%20b/%C3%BC.nii");
  EXPECT_EQ(s3_request("s3://my.scans/a").url, "https://s3.eu-west-1.amazonaws.com/my.scans/a");
  EXPECT_EQ(s3_request("s3://scans/a").provider, "");
  const EnvironmentVariable endpoint("AWS_ENDPOINT_URL", "http://store:9000/");
  EXPECT_EQ(s3_request("s3://scans/a").url, "http://store:9000/scans/a");
  const EnvironmentVariable key("AWS_ACCESS_KEY_ID", "me");
  EXPECT_THAT(error_of([] { s3_request("s3://scans/a"); }),
              AllOf(HasSubstr("F001"), HasSubstr("AWS_SECRET_ACCESS_KEY is not")));
  const EnvironmentVariable secret("AWS_SECRET_ACCESS_KEY", "shh");
  EXPECT_EQ(s3_request("s3://scans/a").provider, "aws:amz:eu-west-1:s3");
  {
    const EnvironmentVariable amazon("AWS_ENDPOINT_URL", "");
    for (const char* other : {"s3://other.host#/a", "s3://other#/a", "s3://me@other/a"})
      EXPECT_THAT(error_of([&] { s3_request(other); }), HasSubstr("is no name of a bucket"));
  }
  for (const char* bad : {"s3://", "s3://scans", "s3://scans/", "s3:///a"})
    EXPECT_THAT(error_of([&] { s3_request(bad); }), HasSubstr("s3://bucket/key")) << bad;
}

TEST(WebAddress, WhatCannotStandInOneIsEncoded) {
  EXPECT_EQ(web_address("https://host/a%20b/c d?x=1&y=[2]#e"),
            "https://host/a%20b/c%20d?x=1&y=[2]#e");
  EXPECT_EQ(web_address("https://host/\u00FC\n\"<"), "https://host/%C3%BC%0A%22%3C");
}

TEST_F(Addresses, ShardsAreCopiedWhole) {
  if (!fs::exists("/usr/sbin/nginx")) GTEST_SKIP() << "skipped: no nginx";
  const auto framed = [](const std::string& data) {
    const std::uint64_t size = data.size();
    const std::string length(reinterpret_cast<const char*>(&size), sizeof(size));
    const std::array checksums = {masked_crc32c(length), masked_crc32c(data)};
    const auto text = [](const std::uint32_t& checksum) {
      return std::string(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
    };
    return length + text(checksums[0]) + data + text(checksums[1]);
  };
  const std::string example = "\x0A\x0C\x0A\x0A\x0A\x01x\x12\x05\x1A\x03\x0A\x01\x07";
  put("train-0.tfrecord", framed(example));
  put("train-1.tfrecord", framed(example) + framed(example));
  const ServerProcess server("nginx", files_.path());
  DatasetIterator iterator =
      Dataset::from_tfrecord({server.address("train-{0..1}.tfrecord")}).iterate();
  Record record;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(iterator.next(record));
    EXPECT_EQ(record.at("x").item<std::int64_t>(), 7);
  }
  EXPECT_FALSE(iterator.next(record));
  EXPECT_THAT(error_of([&] { Dataset::from_webdataset({server.address("none.tar")}); }),
              AllOf(HasSubstr("F001"), HasSubstr("none.tar")));
}

TEST_F(Addresses, EveryReaderTakesThem) {
  if (!fs::exists("/usr/sbin/nginx")) GTEST_SKIP() << "skipped: no nginx";
  fs::create_directories(files_.path("cells"));
  const Tensor image = testing::drawn_image(12, 9, 3);
  write_png(files_.path("cells/one.png"), image);
  put("table.csv", "file,kind\none.png,3\n");
  save_npz(files_.path("arrays.npz"), {{"x", Tensor::from<float>({3}, {1, 2, 3})}});
  const ServerProcess server("nginx", files_.path());

  const Dataset cells =
      Dataset::from_csv(server.address("table.csv"))
          .load_image("file", "image", {.root = server.address("cells"), .channels = 3});
  DatasetIterator iterator = cells.iterate();
  Record record;
  ASSERT_TRUE(iterator.next(record));
  EXPECT_TRUE(record.at("image").equals(image));
  EXPECT_EQ(record.at("kind").item<std::int64_t>(), 3);
  DatasetIterator numbers = Dataset::from_npz(server.address("arrays.npz")).skip(2).iterate();
  ASSERT_TRUE(numbers.next(record));
  EXPECT_EQ(record.at("x").item<float>(), 3.0F);
  EXPECT_EQ(read_address(server.address("moved/some.bin"), kMuch), bytes_of(300'000));
  put("a b \u00FC.bin", bytes_of(1000));
  EXPECT_EQ(read_address(server.address("a b \u00FC.bin"), kMuch), bytes_of(1000));
  EXPECT_EQ(read_file(local_copy(server.address("a%20b%20%C3%BC.bin"))), bytes_of(1000));
}

TEST_F(Addresses, VolumesAreReadFromThem) {
  const std::string scan = TENON_SOURCE_DIR "/../shared/data/nifti/anatomical.nii";
  if (!fs::exists(scan)) GTEST_SKIP() << "skipped: no ../shared/data/nifti";
  if (!fs::exists("/usr/sbin/nginx")) GTEST_SKIP() << "skipped: no nginx";
  put("scan.nii", read_file(scan));
  put("broken.nii", read_file(scan).substr(0, 400));
  const ServerProcess server("nginx", files_.path());
  const Tensor expected = load_volume(scan, 0, DType::kFloat32, "");
  const Tensor volume = load_volume(server.address("scan.nii"), 0, DType::kFloat32, "");
  EXPECT_TRUE(volume.equals(expected));
  ASSERT_NE(volume.geometry(), nullptr);
  const std::string broken = server.address("broken.nii");
  EXPECT_THAT(error_of([&] { load_volume(broken, 0, DType::kFloat32, ""); }),
              AllOf(HasSubstr(broken), Not(HasSubstr(fs::temp_directory_path().string()))));
}

TEST_F(Addresses, WhatAServerRefusesIsTold) {
  if (!fs::exists("/usr/sbin/nginx")) GTEST_SKIP() << "skipped: no nginx";
  const ServerProcess server("nginx", files_.path());
  const auto told = [&](const std::string& address) {
    return error_of([&] { read_address(address, 1000); });
  };
  EXPECT_THAT(told(server.address("none.bin")), AllOf(HasSubstr("F001"), HasSubstr("none.bin"),
                                                      HasSubstr("404: it has no such file")));
  EXPECT_THAT(told(server.address("secret/x")), HasSubstr("403: reading it is not allowed"));
  EXPECT_THAT(told(server.address("some.bin")), HasSubstr("more than 1000 bytes"));
  EXPECT_THAT(told("http://no.such.host.invalid/a"), HasSubstr("cannot be had"));
  EXPECT_THAT(error_of([&] { Dataset::from_folder(server.address("cells")); }),
              HasSubstr("servers of the web do not list their folders"));
  // nginx gives two of these a second, and answers 503 to the others.
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(read_address(server.address("limited/some.bin"), kMuch).size(), 300'000U);
}

class Flaky : public Addresses {
 protected:
  Flaky() : server_("flaky", files_.path()) {}
  /// What the server was asked of `path`.
  std::vector<std::string> asked(const std::string& path) const {
    std::istringstream log(read_address(server_.address("log"), kMuch));
    std::vector<std::string> lines;
    for (std::string line; std::getline(log, line);)
      if (line.starts_with("/" + path + " ")) lines.push_back(line);
    return lines;
  }
  ServerProcess server_;
};

TEST_F(Flaky, GoesOnWhereAConnectionWasCut) {
  const std::string path = "some.bin?busy=1&cut=4";
  EXPECT_EQ(read_address(server_.address(path), kMuch), bytes_of(300'000));
  const auto requests = asked(path);
  ASSERT_EQ(requests.size(), 5U);
  EXPECT_THAT(requests[0], HasSubstr("range=None"));
  EXPECT_THAT(requests[2], AllOf(HasSubstr("range=bytes=150000-"), HasSubstr("if-range=\"")));
  EXPECT_THAT(requests[4], HasSubstr("range=bytes=262500-"));
}

TEST_F(Flaky, PartsOfTwoVersionsAreNotJoined) {
  for (const char* path : {"some.bin?change&cut=2", "some.bin?change&cut=2&plain"}) {
    const std::string bytes = read_address(server_.address(path), kMuch);
    EXPECT_EQ(bytes, std::string(300'000, '\x03')) << path;
  }
}

TEST_F(Flaky, GivesUpAfterSixTries) {
  EXPECT_THAT(error_of([&] { read_address(server_.address("some.bin?busy=99"), kMuch); }),
              HasSubstr("the server answers 503, also after 6 tries"));
  // Without a tag each try begins again, and comes as far as the one before.
  EXPECT_THAT(error_of([&] { read_address(server_.address("some.bin?cut=99&plain"), kMuch); }),
              HasSubstr("also after 6 tries"));
}

TEST_F(Flaky, AFileThatIsAlwaysAnotherIsGivenUp) {
  EXPECT_THAT(error_of([&] { read_address(server_.address("some.bin?change&cut=99"), kMuch); }),
              HasSubstr("tries"));
}

/// Runs in a process of its own, as if at another time.
template <class Call>
int in_another_process(const Call& call) {
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 0;
    try {
      call();
    } catch (...) {
      status = 1;
    }
    ::_exit(status);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

TEST_F(Flaky, CopiesStayAndAreAskedForOnce) {
  const std::string address = server_.address("some.bin");
  ASSERT_EQ(in_another_process([&] { local_copy(address); }), 0);
  EXPECT_EQ(read_file(local_copy(address)), bytes_of(300'000));
  EXPECT_EQ(local_copy(address), local_copy(address));
  auto requests = asked("some.bin");
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_THAT(requests[1], HasSubstr("if-none-match=\""));
  // Another file on the server is another copy.
  put("some.bin", bytes_of(1000));
  ASSERT_EQ(in_another_process([&] {
              if (read_file(local_copy(address)) != bytes_of(300'000)) throw 1;  // The known one.
            }),
            0);
}

TEST_F(Flaky, SamplesOfFilesOnServersAreCachedUntilTheseChange) {
  TemporaryFolder cache;
  const auto write = [&](const std::string& name, int width) {
    write_png(local(name), testing::drawn_image(8, width, 3));
  };
  write("a.png", 5);
  write("b.png", 6);
  put("table.csv", "name\na.png\nb.png?plain\n");
  /// The widths of the images, read by a process that has asked the server nothing before.
  const auto widths_are = [&](const std::vector<std::int64_t>& wanted) {
    return in_another_process([&] {
             const Dataset dataset = Dataset::from_csv(local("table.csv"))
                                         .load_image("name", "image", {.root = server_.address("")})
                                         .cache(cache.path());
             for (int epoch = 0; epoch < 2; ++epoch) {
               DatasetIterator iterator = dataset.iterate({.threads = 1});
               std::vector<std::int64_t> widths;
               for (Record record; iterator.next(record);)
                 widths.push_back(record.at("image").dim(1));
               if (widths != wanted) throw 1;
             }
           }) == 0;
  };
  EXPECT_TRUE(widths_are({5, 6}));
  EXPECT_EQ(asked("a.png").size(), 1U);
  EXPECT_EQ(asked("b.png?plain").size(), 2U) << "nobody can say whether it changes";
  EXPECT_TRUE(widths_are({5, 6}));
  EXPECT_EQ(asked("a.png").size(), 1U) << "it came out of the cache";
  write("a.png", 9);
  EXPECT_TRUE(widths_are({9, 6}));
  EXPECT_EQ(asked("a.png").size(), 2U);
}

TEST_F(Flaky, ACopyThatIsNotWholeIsGoneOnWith) {
  const std::string address = server_.address("some.bin?cut=0");
  ASSERT_EQ(in_another_process([&] { local_copy(address); }), 0);
  for (const auto& entry : fs::directory_iterator(copies_.path())) {
    const std::string name = entry.path().string();
    if (name.ends_with(".note")) {
      fs::rename(name, name.substr(0, name.size() - 5) + ".part.note");
    } else if (!name.ends_with(".lock")) {
      fs::resize_file(name, 100'000);
      fs::rename(name, name + ".part");
    }
  }
  EXPECT_EQ(read_file(local_copy(address)), bytes_of(300'000));
  EXPECT_THAT(asked("some.bin?cut=0")[1], HasSubstr("range=bytes=100000-"));
}

TEST_F(Addresses, S3ChecksSignatures) {
  if (!fs::exists("/usr/bin/swift-proxy-server")) GTEST_SKIP() << "skipped: no OpenStack Swift";
  put("a b/ü.bin", bytes_of(1000));
  const ServerProcess server("s3", files_.path());
  const EnvironmentVariable endpoint("AWS_ENDPOINT_URL", server.address(""));
  const EnvironmentVariable region("AWS_REGION", "us-east-1");
  const EnvironmentVariable key("AWS_ACCESS_KEY_ID", "test:tester");
  const auto told = [](const std::string& address) {
    return error_of([&] { read_address(address, kMuch); });
  };
  {
    const EnvironmentVariable secret("AWS_SECRET_ACCESS_KEY", "testing");
    EXPECT_EQ(read_address("s3://bucket/some.bin", kMuch), bytes_of(300'000));
    EXPECT_EQ(read_address("s3://bucket/a b/ü.bin", kMuch), bytes_of(1000));
    EXPECT_EQ(read_file(local_copy("s3://bucket/some.bin")), bytes_of(300'000));
    Transfer rest;
    rest.address = "s3://bucket/some.bin";
    rest.limit = kMuch;
    rest.begin = 299'990;
    std::string tail;
    rest.take = [&](std::string_view bytes) { tail += bytes; };
    rest.restart = [&] { tail.clear(); };
    rest.tag = "\"another\"";
    EXPECT_EQ(fetch(rest), Fetched::kWhole);
    EXPECT_EQ(tail, bytes_of(300'000));
    rest.begin = 299'990;
    tail.clear();
    EXPECT_EQ(fetch(rest), Fetched::kWhole);
    EXPECT_EQ(tail, bytes_of(300'000).substr(299'990));
    EXPECT_THAT(told("s3://bucket/none"), HasSubstr("404 NoSuchKey"));
    EXPECT_THAT(told("s3://none/none"), HasSubstr("NoSuchBucket"));
    const EnvironmentVariable elsewhere("AWS_REGION", "eu-west-1");
    EXPECT_THAT(told("s3://bucket/some.bin"), AllOf(HasSubstr("AuthorizationHeaderMalformed"),
                                                    HasSubstr("AWS_REGION is to be the region")));
  }
  const EnvironmentVariable secret("AWS_SECRET_ACCESS_KEY", "wrong");
  EXPECT_THAT(told("s3://bucket/some.bin"),
              AllOf(HasSubstr("403 SignatureDoesNotMatch"),
                    HasSubstr("AWS_SECRET_ACCESS_KEY are to be a key of this server")));
  const EnvironmentVariable stranger("AWS_ACCESS_KEY_ID", "nobody");
  EXPECT_THAT(told("s3://bucket/some.bin"), HasSubstr("a key of this server"));
  const EnvironmentVariable no_key("AWS_ACCESS_KEY_ID", "");
  const EnvironmentVariable no_secret("AWS_SECRET_ACCESS_KEY", "");
  EXPECT_THAT(told("s3://bucket/some.bin"), HasSubstr("set AWS_ACCESS_KEY_ID"));
}

TEST(S3Listing, APageIsRead) {
  const S3Page page = read_s3_page(
      "<?xml version='1.0'?><ListBucketResult xmlns=\"x\"><Name>b</Name><IsTruncated>true"
      "</IsTruncated><Contents><Key>a &amp; b/&#xFC;&#8364;.png</Key><Size>1</Size>"
      "<LastModified>today</LastModified><ETag>&quot;t&quot;</ETag></Contents>"
      "<Contents><Size>2</Size><LastModified>yesterday</LastModified><Key>c.png</Key></"
      "Contents><NextContinuationToken>x=/"
      "</NextContinuationToken></ListBucketResult>",
      "s3://b/");
  EXPECT_EQ(page.files, (std::vector<S3File>{{"a & b/\u00FC\u20AC.png", 1, "\"t\""},
                                             {"c.png", 2, "yesterday"}}));
  EXPECT_EQ(page.next, "x=/");
  EXPECT_EQ(read_s3_page("<ListBucketResult/>", "s3://b").next, "");
  EXPECT_THAT(error_of([] { read_s3_page("<html>hello", "s3://b"); }),
              AllOf(HasSubstr("F001"), HasSubstr("gives no list of files")));
  const std::string whole =
      "<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>&#x41;&lt;</Key></Contents>"
      "<NextContinuationToken>x</NextContinuationToken></ListBucketResult>";
  for (std::size_t size = 0; size < whole.size(); ++size)  // No beginning ends the process.
    error_of([&] { read_s3_page(whole.substr(0, size), "s3://b"); });
  EXPECT_EQ(s3_prefix("s3://b"), "");
  EXPECT_EQ(s3_prefix("s3://b/a/c"), "a/c/");
  EXPECT_EQ(s3_request("s3://b", "list-type=2").url.substr(0, 10), "https://b.");
}

TEST_F(Addresses, AFolderInS3IsASourceOfImages) {
  if (!fs::exists("/usr/bin/swift-proxy-server")) GTEST_SKIP() << "skipped: no OpenStack Swift";
  for (const char* folder : {"cells/cat & dog", "cells/b/deeper", "cells/none", "other"})
    fs::create_directories(files_.path(folder));
  const auto write = [&](const std::string& name, int width) {
    write_png(files_.path(name), testing::drawn_image(8, width, 3));
  };
  for (int i = 1; i <= 5; ++i) write("cells/b/" + std::to_string(i) + ".png", i);
  write("cells/cat & dog/\u00FC.png", 7);
  write("cells/b/deeper/no.png", 9);
  write("other/no.png", 9);
  put("cells/none/a.txt", "no image");
  put("cells/loose.png", "in no class");
  const ServerProcess server("s3", files_.path());
  const EnvironmentVariable endpoint("AWS_ENDPOINT_URL", server.address(""));
  const EnvironmentVariable region("AWS_REGION", "us-east-1");
  const EnvironmentVariable key("AWS_ACCESS_KEY_ID", "test:tester");
  {
    const EnvironmentVariable secret("AWS_SECRET_ACCESS_KEY", "testing");
    const std::vector<std::string> all = list_s3("s3://bucket/cells");
    EXPECT_EQ(all.size(), 9U);
    EXPECT_EQ(list_s3("s3://bucket/cells/", 2), all) << "page by page";
    EXPECT_THAT(list_s3("s3://bucket", 3), ::testing::Contains("other/no.png"));
    const Dataset folder = Dataset::from_folder("s3://bucket/cells")
                               .load_image("filename", "image")
                               .on_bad_sample({BadSamplePolicy::kStop, 0.0});
    EXPECT_EQ(folder.schema().spec("label").range, (ValueRange{0.0, 2.0}));
    DatasetIterator iterator = folder.iterate({.threads = 2});
    Record record;
    for (int i = 1; i <= 5; ++i) {
      ASSERT_TRUE(iterator.next(record));
      EXPECT_EQ(record.at("filename").item<std::string>(),
                "s3://bucket/cells/b/" + std::to_string(i) + ".png");
      EXPECT_EQ(record.at("label").item<std::int64_t>(), 0);
      EXPECT_EQ(record.at("image").dim(1), i);
    }
    ASSERT_TRUE(iterator.next(record));
    EXPECT_EQ(record.at("label").item<std::int64_t>(), 1);
    EXPECT_EQ(record.at("image").dim(1), 7);
    EXPECT_FALSE(iterator.next(record));
    EXPECT_EQ(
        Dataset::from_folder("s3://bucket/cells", {.classes = {"cat & dog"}}).cardinality().count,
        1);
    EXPECT_THAT(error_of([] { Dataset::from_folder("s3://bucket/cells", {.classes = {"dogs"}}); }),
                HasSubstr("s3://bucket/cells/dogs: there is no such folder"));
    EXPECT_THAT(error_of([] { Dataset::from_folder("s3://bucket/nothing"); }),
                HasSubstr("there are no folders in it"));
    EXPECT_THAT(error_of([] { Dataset::from_folder("s3://none/cells"); }),
                HasSubstr("NoSuchBucket"));
  }
  const EnvironmentVariable secret("AWS_SECRET_ACCESS_KEY", "wrong");
  EXPECT_THAT(error_of([] { Dataset::from_folder("s3://bucket/cells"); }),
              AllOf(HasSubstr("s3://bucket/cells: the server answers 403 SignatureDoesNotMatch"),
                    HasSubstr("AWS_SECRET_ACCESS_KEY are to be a key of this server")));
  EXPECT_THAT(error_of([] { Dataset::from_folder("https://host/cells"); }),
              HasSubstr("servers of the web do not list their folders"));
}

}  // namespace
}  // namespace tenon::readers
