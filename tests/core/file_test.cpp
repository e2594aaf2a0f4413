#include "tenon/file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "core/atomic_file.hpp"
#include "core/open_file.hpp"
#include "core/temporary_folder.hpp"
#include "core/throws.hpp"

namespace tenon {
namespace {

TEST(File, WritesAndReadsWhole) {
  const TemporaryFolder folder;
  const std::string path = folder.file("new/deep/a.txt");
  const std::string contents("line\n\0more", 10);
  write_file_atomically(path, contents);
  EXPECT_EQ(read_file(path), contents);
  write_file_atomically(path, "");
  EXPECT_EQ(read_file(path), "");
  EXPECT_EQ(folder.num_files(), 1U) << "nothing is left beside it";
}

TEST(File, ReadsMoreThanOneChunk) {
  const TemporaryFolder folder;
  const std::string contents((std::size_t{1} << 21) + 17, 'x');
  write_file_atomically(folder.file("a"), contents);
  EXPECT_EQ(read_file(folder.file("a")), contents);
}

TEST(File, MissingFoldersAndLimitsAreTold) {
  const TemporaryFolder folder;
  const std::string missing = folder.file("missing");
  EXPECT_EQ(text_thrown<FormatError>([&] { return read_file(missing); }),
            "error[F001]: " + missing +
                ": cannot be read: No such file or directory\n"
                "  expected: a file that exists and may be read\n"
                "  fix: check the path and where it starts from");
  EXPECT_EQ(text_thrown<FormatError>([&] { return read_file(folder.file("")); }),
            "error[F001]: " + folder.file("") + ": is a folder\n  expected: a file");
  write_file_atomically(folder.file("a"), "12345");
  EXPECT_EQ(read_file(folder.file("a"), 5), "12345");
  EXPECT_EQ(text_thrown<FormatError>([&] { return read_file(folder.file("a"), 4); }),
            "error[F001]: " + folder.file("a") +
                ": the file has 5 bytes or more\n  expected: at most 4 bytes");
}

TEST(File, ReadsWhatHasNoSize) {
  EXPECT_FALSE(read_file("/proc/self/status").empty());
  EXPECT_THROW(read_file("/proc/self/status", 3), FormatError);
}

TEST(File, APipeIsWaitedForOnlyWhereATextIsRead) {
  const TemporaryFolder folder;
  const std::string pipe = folder.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::string told =
      "error[F001]: " + pipe + ": is no regular file (a device or a pipe?)\n  expected: a file";
  EXPECT_EQ(text_thrown<FormatError>([&] { return open_for_reading(pipe).size; }), told);
  EXPECT_EQ(text_thrown<FormatError>([&] { return read_regular_file(pipe, 9); }), told);
  std::jthread writer([&] { std::ofstream(pipe) << "text"; });
  EXPECT_EQ(read_file(pipe), "text");
}

TEST(File, RefusesToWriteOverAFolder) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_file_atomically(folder.file(""), "x"), FormatError);
  write_file_atomically(folder.file("a"), "x");
  EXPECT_THROW(write_file_atomically(folder.file("a/b"), "x"), FormatError);
  EXPECT_EQ(folder.num_files(), 1U);
}

TEST(File, ADeviceOrAPipeIsRefusedAndStays) {
  const TemporaryFolder folder;
  const std::string pipe = folder.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(text_thrown<FormatError>([&] { return write_file_atomically(pipe, "x"), 0; }),
            "error[F001]: " + pipe +
                ": cannot be written: it is no regular file (a device or a pipe?)\n"
                "  expected: the name of a file\n"
                "  fix: give the name of a file that may be replaced");
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
  const std::string device = folder.file("device");
  std::filesystem::create_symlink("/dev/null", device);
  EXPECT_THROW(write_file_atomically(device, "x"), FormatError);
  EXPECT_TRUE(std::filesystem::is_symlink(device));
}

TEST(File, ASymbolicLinkIsWrittenThrough) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.file("deep"));
  std::filesystem::create_symlink("deep/b", folder.file("a"));
  std::filesystem::create_symlink("a", folder.file("first"));
  write_file_atomically(folder.file("first"), "where nothing was");
  EXPECT_EQ(read_file(folder.file("deep/b")), "where nothing was");
  write_file_atomically(folder.file("first"), "again");
  EXPECT_EQ(read_file(folder.file("deep/b")), "again");
  EXPECT_TRUE(std::filesystem::is_symlink(folder.file("a")));
  EXPECT_TRUE(std::filesystem::is_symlink(folder.file("first")));
}

TEST(File, LinksInACircleAreAnError) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink("b", folder.file("a"));
  std::filesystem::create_symlink("a", folder.file("b"));
  EXPECT_THROW(write_file_atomically(folder.file("a"), "x"), FormatError);
  EXPECT_TRUE(std::filesystem::is_symlink(folder.file("a")));
}

TEST(AtomicFile, WithoutCommitTheOldFileStays) {
  const TemporaryFolder folder;
  const std::string path = folder.file("a");
  write_file_atomically(path, "old");
  {
    AtomicFile file(path);
    file.write("new");
    EXPECT_TRUE(file.temporary_path().starts_with(path + ".tmp-"));
    EXPECT_EQ(read_file(file.temporary_path()), "new");
  }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(folder.num_files(), 1U);
}

TEST(AtomicFile, TwoAtOnceDoNotMeet) {
  const TemporaryFolder folder;
  AtomicFile first(folder.file("a"));
  AtomicFile second(folder.file("a"));
  first.write("1");
  second.write("2");
  second.commit();
  first.commit();
  EXPECT_EQ(read_file(folder.file("a")), "1");
}

}  // namespace
}  // namespace tenon
