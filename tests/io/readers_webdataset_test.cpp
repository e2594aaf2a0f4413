// Tar files beside what Python's tarfile writes, and damaged ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "data/pipeline.hpp"
#include "io/readers/image_writer.hpp"
#include "io/readers/tar_index.hpp"
#include "io/readers_drawn_images.hpp"
#include "io/readers_temporary_folder.hpp"
#include "tenon/dataset.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"

namespace tenon::readers {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TemporaryFolder;

std::string header_of(const std::string& name, std::size_t size, char type = '0') {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
  };
  char octal[12];
  std::snprintf(octal, sizeof(octal), "%011o", static_cast<unsigned>(size));
  put(0, name);
  put(100, "0000644");
  put(124, octal);
  header[156] = type;
  put(257, std::string("ustar\00000", 8));
  put(148, "        ");
  unsigned sum = 0;
  for (const char byte : header) sum += static_cast<unsigned char>(byte);
  char checksum[8];
  std::snprintf(checksum, sizeof(checksum), "%06o", sum);
  put(148, std::string(checksum) + std::string("\0 ", 2));
  return header;
}

std::string member_of(const std::string& name, const std::string& bytes) {
  return header_of(name, bytes.size()) + bytes +
         std::string((512 - bytes.size() % 512) % 512, '\0');
}

const std::string kTarEnd(1024, '\0');

struct TarOutcome {
  std::vector<Record> records;
  std::vector<std::string> bad;
};

TarOutcome tar_outcome(const Dataset& dataset) {
  DatasetIterator iterator =
      dataset.on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = 1.0})
          .iterate({.threads = 2});
  TarOutcome outcome;
  for (Record record; iterator.next(record);) outcome.records.push_back(record);
  for (const BadSample& bad : iterator.bad_samples()) outcome.bad.push_back(bad.reason);
  return outcome;
}

TarOutcome outcome_of_bytes(const std::string& bytes, WebDatasetOptions options = {}) {
  const TemporaryFolder folder;
  write_file_atomically(folder.path("a.tar"), bytes);
  return tar_outcome(Dataset::from_webdataset({folder.path("a.tar")}, std::move(options)));
}

std::string told_of_bytes(const std::string& bytes, WebDatasetOptions options = {}) {
  try {
    outcome_of_bytes(bytes, std::move(options));
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(FromWebDataset, WhatPythonWroteIsReadInEveryFormat) {
  const std::string deep = std::string(60, 'd') + "/" + std::string(60, 'e') + "/sample";
  for (const char* format : {"ustar", "gnu", "pax"}) {
    const TemporaryFolder folder;
    const std::string command = "/usr/bin/python3 '" TENON_SOURCE_DIR
                                "/tests/io/webdataset_reference.py' '" +
                                folder.path() + "' " + format;
    if (std::system(command.c_str()) != 0) GTEST_SKIP() << "skipped: no python3 with numpy";
    const Dataset dataset = Dataset::from_webdataset({folder.path("shard-{00..02}.tar")});
    EXPECT_EQ(dataset.schema(),
              (Schema{{"__key__", TensorSpec(DType::kString, {})},
                      {"cls", TensorSpec(DType::kInt64, {})},
                      {"json", TensorSpec(DType::kString, {})},
                      {"mask.npy", TensorSpec(DType::kInt16, {2, 3})},
                      {"vector.npy", TensorSpec(DType::kFloat32, {Dim::unknown()})}}));
    const TarOutcome outcome = tar_outcome(dataset);
    EXPECT_THAT(outcome.bad, IsEmpty());
    ASSERT_EQ(outcome.records.size(), 15U) << format;
    for (std::int64_t number = 0; number < 15; ++number) {
      const Record& record = outcome.records[static_cast<std::size_t>(number)];
      EXPECT_EQ(record.at("__key__").item<std::string>(), deep + std::to_string(number));
      EXPECT_EQ(record.at("cls").item<std::int64_t>(), number - 3);
      EXPECT_EQ(record.at("json").item<std::string>(),
                "{\"number\": " + std::to_string(number) + "}");
      EXPECT_EQ(record.at("vector.npy").size(), number + 1);
      EXPECT_EQ(record.at("mask.npy").data<std::int16_t>()[5], number);
    }
    EXPECT_THAT(outcome.records[5].sample().file, HasSubstr("shard-01.tar"));
  }
}

TEST(FromWebDataset, KeysTakeTheFirstEndingThatIsThere) {
  const TemporaryFolder folder;
  const Tensor image = testing::drawn_image(5, 7, 3);
  write_png(folder.path("a.png"), image);
  const std::string png = read_file(folder.path("a.png"));
  const TarOutcome outcome = outcome_of_bytes(
      member_of("a.png", png) + member_of("a.cls", "7") + member_of("b.x.png", png) +
          member_of("b.cls", "8") + member_of("c.cls", "9") + kTarEnd,
      {.keys = {{"image", "jpg;png;x.png"}, {"label", "cls"}}, .dtype = DType::kFloat32});
  ASSERT_EQ(outcome.records.size(), 2U);
  EXPECT_EQ(outcome.records[1].at("label").item<std::int64_t>(), 8);
  EXPECT_TRUE(outcome.records[1].at("image").equals(image.cast(DType::kFloat32)));
  EXPECT_THAT(outcome.bad,
              ElementsAre(HasSubstr("a.tar, c: has no .jpg and no .png and no .x.png")));
}

TEST(FromWebDataset, DamagedMembersAreBadSamplesWithTheirNames) {
  const TarOutcome outcome =
      outcome_of_bytes(member_of("a.png", "\x89PNG\r\n\x1A\n, no png") + member_of("b.cls", "7") +
                           member_of("b.png", "x") + member_of("b.png", "x") + kTarEnd,
                       {.keys = {{"png", "png"}}});
  EXPECT_THAT(outcome.records, IsEmpty());
  EXPECT_THAT(outcome.bad, ElementsAre(AllOf(HasSubstr("a.tar, a.png"), HasSubstr("PNG")),
                                       HasSubstr("a.tar, b.png: is there twice")));
  const TarOutcome numbers =
      outcome_of_bytes(member_of("a.cls", "7 8") + member_of("b.cls", "") + kTarEnd);
  EXPECT_THAT(numbers.bad, ElementsAre(HasSubstr("a.cls: holds \"7 8\""),
                                       HasSubstr("a.tar, b.cls: holds \"\"")));
}

TEST(FromWebDataset, ADamagedHeaderEndsTheFile) {
  const std::string one = member_of("a.cls", "1");
  std::string broken = member_of("b.cls", "2");
  broken[3] = 'X';
  const TarOutcome outcome = outcome_of_bytes(one + broken + member_of("c.cls", "3") + kTarEnd);
  EXPECT_EQ(outcome.records.size(), 1U);
  EXPECT_THAT(outcome.bad, ElementsAre(AllOf(HasSubstr("a.tar (at byte 1024)"),
                                             HasSubstr("a header does not fit its checksum"))));
}

TEST(FromWebDataset, AFileThatIsCutOffIsTold) {
  const std::string whole = member_of("a.cls", "1") + member_of("b.cls", "2");
  const TarOutcome at_border = outcome_of_bytes(whole);
  EXPECT_EQ(at_border.records.size(), 2U);
  EXPECT_THAT(at_border.bad, ElementsAre(HasSubstr("without the zeros that end a tar file")));
  const TarOutcome within = outcome_of_bytes(whole.substr(0, 1536));
  EXPECT_EQ(within.records.size(), 1U);
  EXPECT_THAT(within.bad, ElementsAre(AllOf(HasSubstr("b.cls says to have 1 bytes"),
                                            HasSubstr("the file ends before them"))));
}

TEST(FromWebDataset, SizesAreHeldToTheFileBeforeMemoryIsTaken) {
  std::string header = header_of("b.cls", 0);
  header.replace(124, 12, std::string("\x80\0\0\0\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 12));
  header.replace(148, 8, std::string(8, ' '));
  unsigned sum = 0;
  for (const char byte : header) sum += static_cast<unsigned char>(byte);
  char checksum[8];
  std::snprintf(checksum, sizeof(checksum), "%06o", sum);
  header.replace(148, 7, checksum, 7);
  const TarOutcome outcome = outcome_of_bytes(member_of("a.cls", "1") + header + kTarEnd);
  EXPECT_THAT(outcome.bad, ElementsAre(HasSubstr("says to have 9223372036854775807 bytes")));
}

TEST(FromWebDataset, WhatCannotWorkIsToldAtOnce) {
  EXPECT_THAT(told_of_bytes(""), HasSubstr("this is no tar file"));
  EXPECT_THAT(told_of_bytes(kTarEnd), HasSubstr("there are no samples in it"));
  EXPECT_THAT(told_of_bytes(std::string(2000, 'x')), HasSubstr("does not fit its checksum"));
  const std::string good = member_of("a.cls", "1") + kTarEnd;
  EXPECT_THAT(told_of_bytes(good, {.keys = {{"label", "clss"}}}),
              AllOf(HasSubstr("clss"), HasSubstr("\"cls\"")));
  EXPECT_THAT(told_of_bytes(good, {.keys = {{"label", "cls;txt"}}}), HasSubstr("of one kind"));
  EXPECT_THAT(told_of_bytes(good, {.channels = 2}), HasSubstr("from_webdataset: channels = 2"));
}

TEST(FromWebDataset, AStateKnowsMembersByTheirNamesAndSizesAndSmallOnesByTheirBytes) {
  const TemporaryFolder folder;
  const auto contents = [&](const std::string& label, const std::string& text) {
    write_file_atomically(
        folder.path("a.tar"),
        member_of("1.cls", label) + member_of("1.txt", text) + member_of("2.cls", "0") + kTarEnd);
    return Dataset::from_webdataset({folder.path("a.tar")}).pipeline()->contents();
  };
  const std::string text(5000, 't');
  const auto then = contents("1", text);
  EXPECT_TRUE(data::contents_differences(then, contents("1", text)).empty());
  EXPECT_THAT(data::contents_differences(then, contents("2", text)),
              ElementsAre(HasSubstr("a.tar: it has 2 samples as before, but not the same ones")));
  EXPECT_FALSE(data::contents_differences(then, contents("1", text + "t")).empty());
}

}  // namespace
}  // namespace tenon::readers
