// TFRecord files beside what a script of Python's standard library writes, and damaged ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "data/pipeline.hpp"
#include "io/readers/crc32c.hpp"
#include "io/readers/feature_text.hpp"
#include "io/readers/image_writer.hpp"
#include "io/readers/shards.hpp"
#include "io/readers/tf_example.hpp"
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
using testing::TemporaryFolder;

template <class T>
std::string little(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

std::string framed(const std::string& data) {
  const std::string length = little<std::uint64_t>(data.size());
  return length + little(masked_crc32c(length)) + data + little(masked_crc32c(data));
}

/// A protobuf field of bytes that are shorter than 128 bytes, or any length.
std::string wire(int number, const std::string& data) {
  std::string size;
  std::size_t left = data.size();
  for (; left > 127; left >>= 7U) size += static_cast<char>(0x80U | (left & 0x7FU));
  size += static_cast<char>(left);
  return std::string(1, static_cast<char>(number << 3 | 2)) + size + data;
}

std::string example_of(const std::vector<std::pair<std::string, std::string>>& features) {
  std::string entries;
  for (const auto& [name, value] : features) entries += wire(1, wire(1, name) + wire(2, value));
  return wire(1, entries);
}
std::string one_text(const std::string& text) { return wire(1, wire(1, text)); }
std::string small_integer(int value) {
  return wire(3, wire(1, std::string(1, static_cast<char>(value))));
}

/// The example that TensorFlow's documentation shows in bytes.
std::string documented_example() {
  using std::string_literals::operator""s;
  return "\nR\n\x14\n\x08"
         "feature2\x12\x08\n\x06\n\x04goat\n\x11\n\x08"
         "feature0\x12\x05\x1a\x03\n\x01\x00\n\x14\n\x08"
         "feature3\x12\x08\x12\x06\n\x04[\xd3|?\n\x11\n\x08"
         "feature1\x12\x05\x1a\x03\n\x01\x04"s;
}

struct Outcome {
  std::vector<Record> records;
  std::vector<std::string> bad;
};

Outcome outcome_of(const Dataset& dataset, int threads = 2) {
  DatasetIterator iterator =
      dataset.on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = 1.0})
          .iterate({.threads = threads});
  Outcome outcome;
  for (Record record; iterator.next(record);) outcome.records.push_back(record);
  for (const BadSample& bad : iterator.bad_samples()) outcome.bad.push_back(bad.reason);
  return outcome;
}

std::string told_by(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

bool write_by_python(const TemporaryFolder& folder) {
  const std::string command = "/usr/bin/python3 '" TENON_SOURCE_DIR
                              "/tests/io/tfrecord_reference.py' '" +
                              folder.path() + "'";
  return std::system(command.c_str()) == 0;
}

void expect_values(const std::vector<Record>& records) {
  ASSERT_EQ(records.size(), 120U);
  for (std::int64_t number = 0; number < 120; ++number) {
    const Record& record = records[static_cast<std::size_t>(number)];
    EXPECT_EQ(record.at("label").item<std::int64_t>(), number - 5);
    EXPECT_EQ(record.at("name").item<std::string>(), "sample " + std::to_string(number));
    const auto whole = static_cast<float>(number);
    EXPECT_TRUE(record.at("box").equals(
        Tensor::from<float>({4}, {whole, whole + 0.5F, 0.0F - whole,
                                  static_cast<float>(1e-3 * static_cast<double>(number))})));
    EXPECT_EQ(record.at("tokens").size(), number % 4);
    if (number % 4 > 1) {
      EXPECT_EQ(record.at("tokens").data<std::int64_t>()[1], 1);
    }
  }
}

TEST(Crc32c, KnownValues) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(TfExample, TheDocumentedBytes) {
  const std::string bytes = documented_example();
  const FeatureList features = list_features(bytes, "here");
  ASSERT_EQ(features.size(), 4U);
  EXPECT_EQ(features[2].first, "feature2");
  EXPECT_THAT(parse_feature(features[0].second, "here").integers, ElementsAre(0));
  EXPECT_THAT(parse_feature(features[1].second, "here").integers, ElementsAre(4));
  EXPECT_THAT(parse_feature(features[2].second, "here").texts, ElementsAre("goat"));
  EXPECT_THAT(parse_feature(features[3].second, "here").floats, ElementsAre(0.9876F));
}

TEST(TfExample, TypesThatDoNotFitAreTold) {
  const auto told = [](const std::string& feature, const TensorSpec& spec) {
    return told_by([&] { feature_tensor(parse_feature(feature, "here"), spec, "here"); });
  };
  EXPECT_THAT(told(wire(3, wire(1, "\xAC\x02")), {DType::kUInt8, {}}),
              AllOf(HasSubstr("it holds 300"), HasSubstr("uint8")));
  EXPECT_THAT(told(wire(3, wire(1, "\x01\x02")), {DType::kInt64, {}}),
              AllOf(HasSubstr("it holds 2 of int64"), HasSubstr("expected: i64 ()")));
  EXPECT_THAT(told(small_integer(1), {DType::kString, {}}), HasSubstr("it holds 1 of int64"));
  EXPECT_THAT(told(wire(2, wire(1, "abcd")), {DType::kInt32, {}}), HasSubstr("1 of float"));
  EXPECT_THAT(told(one_text("abc"), {DType::kInt16, {Dim::unknown()}}), HasSubstr("1 of bytes"));
  EXPECT_THAT(told("", {DType::kInt64, {}}), HasSubstr("there is nothing in it"));
  EXPECT_THAT(told(small_integer(2), {DType::kBool, {}}), HasSubstr("0 or 1"));
  EXPECT_THAT(told("\x0A\x7F", {DType::kInt64, {}}), HasSubstr("no tf.train.Example"));
}

TEST(FeatureText, DtypesWithShapes) {
  EXPECT_EQ(spec_of_text("tfrecord", "features.x", "int64"), TensorSpec(DType::kInt64, {}));
  EXPECT_EQ(spec_of_text("tfrecord", "features.x", "uint8[28, 28,1]"),
            TensorSpec(DType::kUInt8, {28, 28, 1}));
  EXPECT_EQ(spec_of_text("tfrecord", "features.x", "float32 [?]"),
            TensorSpec(DType::kFloat32, {Dim::unknown()}));
  for (const char* wrong : {"int64[", "int64[a]", "int64[-1]", "int64[?, ?]", "int64[2]x"}) {
    EXPECT_THAT(told_by([&] { spec_of_text("tfrecord", "features.x", wrong); }),
                AllOf(HasSubstr("features.x"), HasSubstr("float32[128]")))
        << wrong;
  }
  EXPECT_THAT(told_by([] { spec_of_text("tfrecord", "features.x", "in64"); }),
              HasSubstr("\"int64\""));
}

TEST(FromTfRecord, WhatPythonWroteIsRead) {
  const TemporaryFolder folder;
  if (!write_by_python(folder)) GTEST_SKIP() << "skipped: no python3";
  for (const char* pattern : {"/train-{00..02}.tfrecord", "/train-*.tfrecord", "/train-*.gz"}) {
    const Dataset dataset = Dataset::from_tfrecord({folder.path() + pattern});
    EXPECT_EQ(dataset.schema(), (Schema{{"box", TensorSpec(DType::kFloat32, {4})},
                                        {"label", TensorSpec(DType::kInt64, {})},
                                        {"name", TensorSpec(DType::kString, {})},
                                        {"raw", TensorSpec(DType::kString, {})},
                                        {"tokens", TensorSpec(DType::kInt64, {Dim::unknown()})}}));
    const Outcome outcome = outcome_of(dataset);
    EXPECT_THAT(outcome.bad, ::testing::IsEmpty());
    expect_values(outcome.records);
    EXPECT_EQ(outcome.records[41].sample().id, "record 2");
    EXPECT_THAT(outcome.records[41].sample().file, HasSubstr("train-01"));
  }
}

TEST(FromTfRecord, StatedFeaturesAreReadAsStated) {
  const TemporaryFolder folder;
  if (!write_by_python(folder)) GTEST_SKIP() << "skipped: no python3";
  const Dataset dataset = Dataset::from_tfrecord(
      {folder.path("train-00.tfrecord")}, {.features = {{"raw", {DType::kUInt16, {2, 3}}},
                                                        {"label", {DType::kInt8, {}}},
                                                        {"box", {DType::kFloat64, {2, 2}}}}});
  const Outcome outcome = outcome_of(dataset);
  ASSERT_EQ(outcome.records.size(), 40U);
  EXPECT_TRUE(outcome.records[7].at("raw").equals(
      Tensor::from<std::uint16_t>({2, 3}, {7, 8, 9, 10, 11, 12})));
  EXPECT_EQ(outcome.records[7].at("label").item<std::int8_t>(), 2);
  EXPECT_EQ(outcome.records[7].at("box").data<double>()[1], 7.5);
}

TEST(FromTfRecord, ShuffledAndRestoredInTheMiddle) {
  const TemporaryFolder folder;
  if (!write_by_python(folder)) GTEST_SKIP() << "skipped: no python3";
  const Dataset dataset = Dataset::from_tfrecord({folder.path("train-*.tfrecord")}).shuffle(200);
  DatasetIterator iterator = dataset.iterate({.threads = 2});
  Record record;
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(iterator.next(record));
  DatasetIterator again = dataset.iterate({.threads = 1});
  again.restore(iterator.state());
  Record other;
  while (iterator.next(record)) {
    ASSERT_TRUE(again.next(other));
    ASSERT_EQ(record.at("label").item<std::int64_t>(), other.at("label").item<std::int64_t>());
  }
  EXPECT_FALSE(again.next(other));
}

TEST(FromTfRecord, ADamagedRecordIsOneBadSample) {
  const TemporaryFolder folder;
  std::string bytes;
  for (int i = 0; i < 5; ++i) bytes += framed(example_of({{"x", small_integer(i)}}));
  const std::size_t size = bytes.size() / 5;
  bytes[2 * size + 14] ^= 1;
  write_file_atomically(folder.path("a.tfrecord"), bytes);
  const Outcome outcome = outcome_of(Dataset::from_tfrecord({folder.path("a.tfrecord")}));
  EXPECT_EQ(outcome.records.size(), 4U);
  ASSERT_EQ(outcome.bad.size(), 1U);
  EXPECT_THAT(outcome.bad[0],
              AllOf(HasSubstr("a.tfrecord, record 3 (at byte " + std::to_string(2 * size) + ")"),
                    HasSubstr("its data does not fit its checksum")));
}

TEST(FromTfRecord, AWrongLengthEndsTheFileAndNotTheOthers) {
  const TemporaryFolder folder;
  std::string bytes;
  for (int i = 0; i < 5; ++i) bytes += framed(example_of({{"x", small_integer(i)}}));
  write_file_atomically(folder.path("b.tfrecord"), bytes);
  const std::size_t size = bytes.size() / 5;
  bytes[2 * size] ^= 1;
  write_file_atomically(folder.path("a.tfrecord"), bytes);
  const Outcome outcome = outcome_of(Dataset::from_tfrecord({folder.path("{a,b}.tfrecord")}));
  EXPECT_EQ(outcome.records.size(), 7U);
  ASSERT_EQ(outcome.bad.size(), 1U);
  EXPECT_THAT(outcome.bad[0], AllOf(HasSubstr("a.tfrecord, record 3"),
                                    HasSubstr("its length does not fit the length's checksum; the "
                                              "rest of the file is not read")));
}

TEST(FromTfRecord, AHugeLengthTakesNoMemory) {
  const TemporaryFolder folder;
  const std::string length = little<std::uint64_t>(std::uint64_t{1} << 60);
  write_file_atomically(folder.path("a.tfrecord"), framed(example_of({{"x", small_integer(1)}})) +
                                                       length + little(masked_crc32c(length)));
  const Outcome outcome = outcome_of(Dataset::from_tfrecord({folder.path("a.tfrecord")}));
  EXPECT_EQ(outcome.records.size(), 1U);
  EXPECT_THAT(outcome.bad, ElementsAre(HasSubstr("it says to have 1152921504606846976 bytes")));
}

TEST(FromTfRecord, WhatIsNoTfRecordIsToldAtOnce) {
  const TemporaryFolder folder;
  const auto told = [&](const std::string& bytes) {
    write_file_atomically(folder.path("a.tfrecord"), bytes);
    return told_by([&] { Dataset::from_tfrecord({folder.path("a.tfrecord")}); });
  };
  EXPECT_THAT(told(""), HasSubstr("there are no records in it"));
  EXPECT_THAT(told("a text that is no TFRecord"), HasSubstr("this is no TFRecord file"));
  EXPECT_THAT(told(framed("no example")), HasSubstr("no tf.train.Example"));
  EXPECT_THAT(told("\x1F\x8B no gzip"), HasSubstr("cannot be unpacked"));
  EXPECT_THAT(told_by([&] { Dataset::from_tfrecord({folder.path("none.tfrecord")}); }),
              HasSubstr("No such file"));
  EXPECT_THAT(told_by([&] { Dataset::from_tfrecord({folder.path("none-*.tfrecord")}); }),
              HasSubstr("no file matches"));
  EXPECT_THAT(told_by([&] { Dataset::from_tfrecord({"a{1..2"}); }), HasSubstr("a } for the {"));
}

TEST(FromTfRecord, PicturesAreDecoded) {
  const TemporaryFolder folder;
  const Tensor image = testing::drawn_image(5, 7, 3);
  write_png(folder.path("a.png"), image);
  const std::string png = read_file(folder.path("a.png"));
  write_file_atomically(folder.path("a.tfrecord"),
                        framed(example_of({{"image", one_text(png)}})) +
                            framed(example_of({{"image", one_text(png.substr(0, 40))}})));
  const Outcome outcome = outcome_of(
      Dataset::from_tfrecord({folder.path("a.tfrecord")}).decode_image("image", "image"));
  ASSERT_EQ(outcome.records.size(), 1U);
  EXPECT_TRUE(outcome.records[0].at("image").equals(image));
  EXPECT_THAT(outcome.bad, ElementsAre(AllOf(HasSubstr("a.tfrecord, record 2, \"image\""),
                                             HasSubstr("PNG image cannot be read"))));
}

TEST(ExpandPaths, BracesAreSpeltOut) {
  EXPECT_THAT(expand_paths({"a-{08..11}-{x,y}.tar"}),
              ElementsAre("a-08-x.tar", "a-08-y.tar", "a-09-x.tar", "a-09-y.tar", "a-10-x.tar",
                          "a-10-y.tar", "a-11-x.tar", "a-11-y.tar"));
  EXPECT_THAT(expand_paths({"{9..11}"}), ElementsAre("9", "10", "11"));
  EXPECT_THAT(told_by([] { expand_paths({"{3..1}"}); }), HasSubstr("not above the last"));
  EXPECT_THAT(told_by([] { expand_paths({"{0..99999999999}"}); }), HasSubstr("a million"));
}

TEST(FromTfRecord, AStateKnowsTheRecordsByTheirChecksums) {
  const TemporaryFolder folder;
  const auto contents = [&](const std::string& name, std::initializer_list<int> values) {
    std::string bytes;
    for (const int value : values) bytes += framed(example_of({{"x", small_integer(value)}}));
    write_file_atomically(folder.path(name), bytes);
    return Dataset::from_tfrecord({folder.path(name)}).pipeline()->contents();
  };
  const auto then = contents("a.tfrecord", {1, 2, 3});
  EXPECT_TRUE(data::contents_differences(then, contents("b.tfrecord", {1, 2, 3})).empty());
  EXPECT_THAT(data::contents_differences(then, contents("a.tfrecord", {1, 3, 2})),
              ElementsAre(HasSubstr("a.tfrecord: its 3 samples stand in another order")));
  EXPECT_THAT(data::contents_differences(then, contents("a.tfrecord", {1, 2, 4})),
              ElementsAre(HasSubstr("not the same ones")));
}

}  // namespace
}  // namespace tenon::readers
