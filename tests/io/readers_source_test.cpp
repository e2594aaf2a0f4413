#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "io/readers/image.hpp"
#include "io/readers/image_writer.hpp"
#include "io/readers/registry.hpp"
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
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

constexpr const char* kShared = TENON_SOURCE_DIR "/../shared/data";

std::vector<Record> all_of(const Dataset& dataset, int threads = 1) {
  DatasetIterator iterator = dataset.iterate({.threads = threads});
  std::vector<Record> records;
  for (Record record; iterator.next(record);) {
    records.push_back(record);
  }
  return records;
}

template <class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

std::string written(const TemporaryFolder& folder, const std::string& text) {
  write_file_atomically(folder.path("table.csv"), text);
  return folder.path("table.csv");
}

TEST(FromCsv, ColumnsBecomeScalarKeysWithTheirSamples) {
  const TemporaryFolder folder;
  const std::string path = written(folder, "Small ,size,kind\r\n1,0.5,a b\r\n2,-1,\r\n");
  const Dataset dataset = Dataset::from_csv(path);
  EXPECT_EQ(dataset.schema(), (Schema{{"Small ", TensorSpec(DType::kInt64, {})},
                                      {"size", TensorSpec(DType::kFloat32, {})},
                                      {"kind", TensorSpec(DType::kString, {})}}));
  EXPECT_EQ(dataset.cardinality(), (Cardinality{Cardinality::Kind::kKnown, 2, true}));
  const std::vector<Record> records = all_of(dataset);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].at("Small ").item<std::int64_t>(), 2);
  EXPECT_EQ(records[1].at("size").item<float>(), -1.0F);
  EXPECT_EQ(records[0].at("kind").item<std::string>(), "a b");
  EXPECT_EQ(records[1].at("kind").item<std::string>(), "") << "text may be empty";
  EXPECT_EQ(records[1].sample(), (SampleIdentity{1, "row 3", path, 3}));
}

TEST(FromCsv, StatedTypesWinOverLearntOnes) {
  const TemporaryFolder folder;
  const std::string path = written(folder, "id,x\n007,1\n008,2\n");
  const Dataset dataset =
      Dataset::from_csv(path, {.types = {{"id", DType::kString}, {"x", DType::kUInt8}}});
  const std::vector<Record> records = all_of(dataset);
  EXPECT_EQ(records[0].at("id").item<std::string>(), "007");
  EXPECT_EQ(records[1].at("x").item<std::uint8_t>(), 2);
}

TEST(FromCsv, AStatedTypeOfNoColumnIsToldWithTheNearest) {
  const TemporaryFolder folder;
  const std::string path = written(folder, "xmin,xmax\n1,2\n");
  const Dataset dataset = Dataset::from_csv(path, {.types = {{"xmim", DType::kInt32}}});
  ASSERT_EQ(dataset.diagnostics().size(), 1U);
  EXPECT_EQ(dataset.diagnostics()[0].code, "K007");
  EXPECT_THAT(render_text(dataset.diagnostics()), HasSubstr("\"xmin\""));
  EXPECT_THROW(dataset.iterate(), ContractError);
}

TEST(FromCsv, TwoColumnsOfOneNameAreAProblemNotAGuess) {
  const TemporaryFolder folder;
  const Dataset dataset = Dataset::from_csv(written(folder, "x,y,x\n1,2,3\n"));
  ASSERT_EQ(dataset.diagnostics().size(), 1U);
  EXPECT_EQ(dataset.diagnostics()[0].code, "K012");
  EXPECT_THAT(render_text(dataset.diagnostics()), HasSubstr("column 3 is the second"));
}

TEST(FromCsv, RowsThatCannotBeReadAreBadSamplesWithTheirLine) {
  const TemporaryFolder folder;
  const std::string path =
      written(folder, "name,x\na,1\nb\nc,\n\"d\"e,4\nf,99999999999999999999999\ng,7\n");
  const Dataset dataset = Dataset::from_csv(path, {.types = {{"x", DType::kInt64}}});
  EXPECT_THAT(message_of([&] { all_of(dataset); }),
              HasSubstr("table.csv: line 3: the row has 1 cells"));

  DatasetIterator iterator =
      dataset.on_bad_sample({BadSamplePolicy::kSkip, 1.0}).iterate({.threads = 1});
  std::vector<std::string> names;
  for (Record record; iterator.next(record);) {
    names.push_back(record.at("name").item<std::string>());
  }
  EXPECT_THAT(names, ElementsAre("a", "g"));
  ASSERT_EQ(iterator.bad_samples().size(), 4U);
  EXPECT_EQ(iterator.bad_samples()[0].sample, (SampleIdentity{1, "row 3", path, 3}));
  EXPECT_THAT(iterator.bad_samples()[1].reason, HasSubstr("column \"x\" is empty"));
  EXPECT_THAT(iterator.bad_samples()[2].reason, HasSubstr("behind the closing quote"));
  EXPECT_THAT(iterator.bad_samples()[3].reason, HasSubstr("holds \"99999999999999999999999\""));
}

TEST(FromCsv, OptionsThatCannotWorkAreRefused) {
  const TemporaryFolder folder;
  const std::string path = written(folder, "x\n1\n");
  EXPECT_THAT(message_of([&] { Dataset::from_csv(path, {.separator = '"'}); }),
              HasSubstr("from_csv"));
  EXPECT_THAT(message_of([&] {
                Dataset::from_csv(path, {.types = {{"x", DType::kBFloat16}}});
              }),
              HasSubstr("bfloat16"));
}

TEST(FromCsv, OneAndFourThreadsGiveTheSameRows) {
  const TemporaryFolder folder;
  std::string text = "x,y\n";
  for (int row = 0; row < 500; ++row) {
    text +=
        std::to_string(row) + ",\"" + std::string(static_cast<std::size_t>(row % 7), 'q') + "\"\n";
  }
  const Dataset dataset = Dataset::from_csv(written(folder, text));
  const std::vector<Record> one = all_of(dataset, 1);
  const std::vector<Record> four = all_of(dataset, 4);
  ASSERT_EQ(one.size(), 500U);
  ASSERT_EQ(four.size(), 500U);
  for (std::size_t row = 0; row < one.size(); ++row) {
    EXPECT_EQ(four[row].at("x").item<std::int64_t>(), static_cast<std::int64_t>(row));
    EXPECT_TRUE(one[row].at("y").equals(four[row].at("y")));
  }
}

TEST(Sources, APipeIsRefusedAtOnce) {
  const TemporaryFolder folder;
  const std::string pipe = folder.path("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto told = HasSubstr(pipe + ": is no regular file (a device or a pipe?)");
  EXPECT_THAT(message_of([&] { Dataset::from_csv(pipe); }), told);
  EXPECT_THAT(message_of([&] { Dataset::from_npz(pipe); }), told);
  EXPECT_THAT(message_of([&] { Dataset::from_tfrecord({pipe}, {}); }), told);
  EXPECT_THAT(message_of([&] { Dataset::from_webdataset({pipe}); }), told);
  EXPECT_THAT(message_of([&] { load_image(pipe, 0, DType::kUInt8, {}); }), told);
  EXPECT_THAT(message_of([&] { open_volume(pipe, {}); }), told);
}

TEST(FromNpz, AxisZeroIsTheSamples) {
  const TemporaryFolder folder;
  const std::string path = folder.path("data.npz");
  const Tensor x = drawn_image(3, 4, 2);
  save_npz(path, {{"x", x}, {"y", Tensor::from<std::int64_t>({3}, {7, 8, 9})}});
  const Dataset dataset = Dataset::from_npz(path);
  EXPECT_EQ(dataset.schema().spec("x").shape_string(), "(4, 2)");
  EXPECT_EQ(dataset.schema().spec("y").rank(), 0);
  const std::vector<Record> records = all_of(dataset);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_TRUE(records[2].at("x").equals(x.row(2)));
  EXPECT_EQ(records[2].at("y").item<std::int64_t>(), 9);
  EXPECT_EQ(records[2].sample().index, 2);
}

TEST(FromNpz, DifferentCountsAreS005UnlessChosenApart) {
  const TemporaryFolder folder;
  const std::string path = folder.path("data.npz");
  save_npz(path, {{"train", drawn_image(3, 4, 2)}, {"test", drawn_image(2, 4, 2)}});
  try {
    Dataset::from_npz(path);
    FAIL() << "nothing was thrown";
  } catch (const ShapeError& error) {
    EXPECT_EQ(error.code(), "S005");
    EXPECT_THAT(error.what(), HasSubstr("\"test\" has the shape (2, 4, 2)"));
  }
  EXPECT_EQ(Dataset::from_npz(path, {.keys = {"test"}}).cardinality().count, 2);
  EXPECT_THAT(message_of([&] { Dataset::from_npz(path, {.keys = {"tets"}}); }),
              HasSubstr("\"test\""));
}

TEST(FromNpz, RealXrays) {
  const std::string path = std::string(kShared) + "/chest_xray/pneumoniamnist.npz";
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "skipped: no ../shared/data";
  }
  const Dataset dataset = Dataset::from_npz(path, {.keys = {"train_images", "train_labels"}});
  EXPECT_EQ(dataset.cardinality().count, 3882);
  EXPECT_EQ(dataset.schema().spec("train_images").shape_string(), "(28, 28)");
  EXPECT_EQ(all_of(dataset.take(3)).size(), 3U);
}

void draw_class_folders(const TemporaryFolder& folder) {
  write_png(folder.path("cats/b.png"), drawn_image(2, 3, 3));
  write_png(folder.path("cats/a.PNG"), drawn_image(2, 3, 3));
  write_jpeg(folder.path("dogs/c.jpg"), drawn_image(2, 3, 3));
  write_file_atomically(folder.path("dogs/notes.txt"), "no image");
  write_file_atomically(folder.path("dogs/.hidden.png"), "no image");
  std::filesystem::create_directories(folder.path("empty"));
}

TEST(FromFolder, SubFoldersAreClassesInOrder) {
  const TemporaryFolder folder;
  draw_class_folders(folder);
  const Dataset dataset = Dataset::from_folder(folder.path());
  EXPECT_EQ(dataset.schema().spec("label").range, (ValueRange{0.0, 2.0}));
  const std::vector<Record> records = all_of(dataset.load_image("filename", "image"));
  ASSERT_EQ(records.size(), 3U);
  EXPECT_THAT(records[0].at("filename").item<std::string>(), HasSubstr("cats/a.PNG"));
  EXPECT_EQ(records[1].at("label").item<std::int64_t>(), 0);
  EXPECT_EQ(records[2].at("label").item<std::int64_t>(), 1);
  EXPECT_EQ(records[2].sample().id, "c");
  EXPECT_EQ(records[2].at("image").shape(), (Shape{2, 3, 3}));
}

TEST(FromFolder, ClassesAreTakenAsGivenAndStayInside) {
  const TemporaryFolder folder;
  draw_class_folders(folder);
  const Dataset dataset = Dataset::from_folder(folder.path(), {.classes = {"dogs", "cats"}});
  EXPECT_EQ(all_of(dataset)[0].at("label").item<std::int64_t>(), 0);
  EXPECT_THAT(all_of(dataset)[0].at("filename").item<std::string>(), HasSubstr("dogs/c.jpg"));
  EXPECT_THROW(Dataset::from_folder(folder.path(), {.classes = {"../cats"}}), ContractError);
  EXPECT_THROW(Dataset::from_folder(folder.path(), {.classes = {"cats", "cats"}}), ContractError);
  EXPECT_THROW(Dataset::from_folder(folder.path(), {.classes = {"birds"}}), FormatError);
  EXPECT_THROW(Dataset::from_folder(folder.path("empty")), FormatError);
}

TEST(LoadImageStage, SchemaIsKnownBeforeAnyImageIsOpened) {
  const TemporaryFolder folder;
  const std::string path = written(folder, "file,x\nabsent.png,1\n");
  const Dataset dataset = Dataset::from_csv(path).load_image(
      "file", "image", {.root = folder.path(), .channels = 1, .dtype = DType::kFloat32});
  const TensorSpec& spec = dataset.schema().spec("image");
  EXPECT_EQ(spec.to_string(), "f32 (?, ?, 1)");
  EXPECT_EQ(spec.axes, "HWC");
  EXPECT_FALSE(
      dataset.load_image("file", "raw", {.channels = 0}).schema().spec("raw").shape[2].known());
  const std::vector<LineageEvent> events = dataset.lineage().of("image");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].previous, "file");
  EXPECT_EQ(events[0].stage.name, "load_image");
  ASSERT_EQ(dataset.lineage().uses.size(), 1U);
  EXPECT_EQ(dataset.lineage().uses[0].key, "file");
  for (const LineageEvent& made : dataset.lineage().of("x")) {
    EXPECT_EQ(made.stage.name, "csv");
    EXPECT_TRUE(made.stage.location.known());
  }
}

TEST(LoadImageStage, ErrorsNameTheImageNotTheTable) {
  const TemporaryFolder folder;
  write_png(folder.path("good.png"), drawn_image(4, 5, 3));
  write_file_atomically(folder.path("bad.png"), "\x89PNG\r\n\x1a\n and then nothing");
  const std::string path = written(folder, "file\ngood.png\nbad.png\nabsent.png\n");
  const Dataset dataset =
      Dataset::from_csv(path).load_image("file", "image", {.root = folder.path()});
  try {
    all_of(dataset);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    ASSERT_TRUE(error.diagnostics().front().sample.has_value());
    EXPECT_EQ(error.diagnostics().front().sample->file, folder.path("bad.png"));
    EXPECT_EQ(error.diagnostics().front().sample->index, 1);
  }
  DatasetIterator iterator =
      dataset.on_bad_sample({BadSamplePolicy::kQuarantine, 1.0}).iterate({.threads = 1});
  Record record;
  ASSERT_TRUE(iterator.next(record));
  EXPECT_TRUE(record.at("image").equals(drawn_image(4, 5, 3)));
  EXPECT_EQ(record.sample().file, path) << "the sample itself stays one of the table";
  EXPECT_FALSE(iterator.next(record));
  ASSERT_EQ(iterator.bad_samples().size(), 2U);
  const BadSample& absent = iterator.bad_samples()[1];
  EXPECT_THAT(absent.reason, HasSubstr("absent.png"));
  EXPECT_EQ(absent.sample.file, folder.path("absent.png"));
  EXPECT_EQ(absent.source.file, path) << "the table, and its row, lead to the entry to mend";
  EXPECT_EQ(absent.source.row, 4);
}

TEST(LoadImageStage, AKeyMayBecomeItsImage) {
  const TemporaryFolder folder;
  write_png(folder.path("good.png"), drawn_image(4, 5, 3));
  const std::string path = written(folder, "file,x\ngood.png,3\n");
  const std::vector<Record> records =
      all_of(Dataset::from_csv(path).load_image("file", "file", {.root = folder.path()}));
  EXPECT_EQ(records[0].at("file").shape(), (Shape{4, 5, 3}));
  EXPECT_EQ(records[0].at("x").item<std::int64_t>(), 3);
}

TEST(LoadImageStage, WhatItCannotTakeIsAProblem) {
  const TemporaryFolder folder;
  const Dataset table = Dataset::from_csv(written(folder, "file,x\ngood.png,3\n"));
  const auto text_of = [](const Dataset& dataset) { return render_text(dataset.diagnostics()); };
  EXPECT_THAT(text_of(table.load_image("files", "image")), HasSubstr("\"file\""));
  EXPECT_THAT(text_of(table.load_image("x", "image")), HasSubstr("not text"));
  EXPECT_THAT(text_of(table.batch(2).load_image("file", "image")),
              HasSubstr("put load_image before batch"));
  EXPECT_THAT(text_of(table.load_image("file", "x")), HasSubstr("K012"));
  EXPECT_THROW(table.load_image("file", "image", {.channels = 2}), ContractError);
  EXPECT_THROW(table.load_image("file", "image", {.dtype = DType::kInt64}), ContractError);
}

TEST(LoadImageStage, RealBloodCells) {
  const std::string folder = std::string(kShared) + "/blood_cells";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "skipped: no ../shared/data";
  }
  const Dataset table = Dataset::from_csv(folder + "/train.csv");
  EXPECT_EQ(table.cardinality().count, 2805);
  EXPECT_EQ(table.schema().spec("cell_type").dtype, DType::kString);
  EXPECT_EQ(table.schema().spec("xmin").dtype, DType::kInt64);
  const Dataset images =
      table.take(20).load_image("filename", "image", {.root = folder + "/images"});
  const std::vector<Record> records = all_of(images, 2);
  ASSERT_EQ(records.size(), 20U);
  EXPECT_EQ(records[19].at("image").shape(), (Shape{480, 640, 3}));
}

const data::ArgumentMap::value_type text_argument(const std::string& name,
                                                  const std::string& value) {
  return {name, data::ArgumentValue{value, 1}};
}

TEST(ReadersRegistry, WordsOfTheExperimentFile) {
  const TemporaryFolder folder;
  written(folder, "file;x\ngood.png;3\n");
  write_png(folder.path("good.png"), drawn_image(4, 5, 3));
  ASSERT_EQ(source_entries().size(), 5U);
  EXPECT_EQ(source_entries()[0].kind, "csv");
  const data::ArgumentMap types = {text_argument("x", "float64")};
  const Dataset table = source_entries()[0].make({text_argument("path", "table.csv"),
                                                  text_argument("separator", ";"),
                                                  {"types", data::ArgumentValue{types, 1}}},
                                                 folder.path(), {"experiment.toml", 4});
  EXPECT_EQ(table.schema().spec("x").dtype, DType::kFloat64);
  ASSERT_EQ(stage_entries().size(), 3U);
  const Dataset images = stage_entries()[0].apply(
      table,
      {text_argument("from", "file"), text_argument("to", "image"),
       text_argument("root", folder.path()), text_argument("dtype", "uint16")},
      {"experiment.toml", 5});
  EXPECT_EQ(all_of(images)[0].at("image").dtype(), DType::kUInt16);
  EXPECT_EQ(images.stages().back().location.line, 5);
  EXPECT_THAT(message_of([&] {
                source_entries()[0].make(
                    {text_argument("path", "table.csv"), text_argument("separator", "ab")},
                    folder.path(), {});
              }),
              HasSubstr("separator"));
}

TEST(ReadersRegistry, NpzAndFolderTakeTheirLists) {
  const TemporaryFolder folder;
  draw_class_folders(folder);
  save_npz(folder.path("d.npz"), {{"a", drawn_image(3, 4, 2)}, {"b", drawn_image(2, 4, 2)}});
  const data::ArgumentValue::List keys = {data::ArgumentValue{std::string("b"), 1}};
  const Dataset arrays = source_entries()[1].make(
      {text_argument("path", "d.npz"), {"keys", data::ArgumentValue{keys, 1}}}, folder.path(), {});
  EXPECT_EQ(arrays.cardinality().count, 2);
  const data::ArgumentValue::List classes = {data::ArgumentValue{std::string("dogs"), 1}};
  const Dataset images = source_entries()[2].make(
      {text_argument("path", ""), {"classes", data::ArgumentValue{classes, 1}}}, folder.path(), {});
  EXPECT_EQ(images.cardinality().count, 1);
}

}  // namespace
}  // namespace tenon::readers
