// What a table's columns tell of values that nothing takes, before a step is run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "contract/contract.hpp"
#include "io/readers/csv_scan.hpp"
#include "tenon/file.hpp"

namespace tenon::readers {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ReaderColumns : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tenon_columns_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    path_ = (folder_ / "cells.csv").string();
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// Ten rows of x, the class RBC or Platelets and the id 0 or 1, then `rows`.
  Dataset table(const std::string& rows) const {
    std::string text = "x,type,id\n";
    for (int i = 0; i < 10; ++i) text += i % 2 == 0 ? "0.5,RBC,0\n" : "1.5,Platelets,1\n";
    write_file_atomically(path_, text + rows);
    return Dataset::from_csv(path_);
  }
  static Dataset encoded(const Dataset& data) {
    return data.encode("type", "cell", {"RBC", "Platelets"}).select({"x", "cell"});
  }

  /// A model with the input x and an output `cell` of so many classes.
  static TrainingInterface model(std::int64_t classes) {
    TrainingInterface interface;
    interface.model_name = "cells";
    interface.inputs = {{"x", TensorSpec(DType::kFloat32, {Dim::symbol("B")}, "B")}};
    TrainedOutput cell;
    cell.output = {"cell", TensorSpec(DType::kFloat32, {Dim::symbol("B"), classes}, "BC")};
    cell.has_loss = true;
    cell.loss = "sparse_categorical_crossentropy";
    cell.target_form = TargetForm::kClassIds;
    cell.target_range = ValueRange{0.0, static_cast<double>(classes - 1)};
    interface.outputs = {cell};
    return interface;
  }
  static std::vector<Diagnostic> problems(const Dataset& data, contract::Split split = {}) {
    split.name = "train";
    split.dataset = &data;
    auto found = contract::check(model(2), {&split, 1});
    std::erase_if(found, [](const Diagnostic& each) { return each.severity == Severity::kNote; });
    return found;
  }

  fs::path folder_;
  std::string path_;
};

TEST_F(ReaderColumns, AClassThatIsNotListedIsToldWithCountRowAndNearest) {
  const auto found = problems(encoded(table("0.5,Platelet,1\n0.5,,1\n2,Platelet,0\n")).batch(4));
  ASSERT_EQ(found.size(), 1U) << render_text(found);
  const Diagnostic& problem = found.front();
  EXPECT_EQ(problem.code, "D002");
  EXPECT_EQ(problem.keys.front().key, "type");
  EXPECT_EQ(problem.stage->name, "encode");
  EXPECT_EQ(problem.candidate, "Platelets");
  ASSERT_TRUE(problem.sample);
  EXPECT_EQ(problem.sample->index, 10);
  EXPECT_EQ(problem.sample->row, 12);
  const std::string text = render_text(found);
  EXPECT_THAT(text, HasSubstr("\"type\" holds what is no class in 3 of 13 samples: \"Platelet\" "
                              "and \"\""));
  EXPECT_THAT(text, HasSubstr("expected: one of \"RBC\" and \"Platelets\""));
  EXPECT_THAT(text, HasSubstr("\"Platelet\" in 2 samples, first sample 10 \"row 12\" "
                              "(cells.csv:12); the nearest class is \"Platelets\""));
  EXPECT_THAT(text, HasSubstr("\"\" in 1 sample, first sample 11"));
}

TEST_F(ReaderColumns, TheColumnIsFollowedThroughRenamesAndCopies) {
  const Dataset data = table("1,WBC,0\n").rename({{"type", "kind"}}).copy("kind", "name");
  const auto found =
      problems(data.encode("name", "cell", {"RBC", "Platelets"}).select({"x", "cell"}).batch(4));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().keys.front().key, "name");
}

TEST_F(ReaderColumns, WhatIsLeftOutIsNoProblem) {
  const Dataset data = table("1,WBC,0\n");
  EXPECT_THAT(problems(encoded(data.filter("type", {.in = {"RBC", "Platelets"}})).batch(4)),
              IsEmpty());
  EXPECT_THAT(problems(encoded(data.take(10)).batch(4)), IsEmpty());
  EXPECT_THAT(problems(encoded(data).take(10).batch(4)), IsEmpty());
  EXPECT_EQ(problems(encoded(data.skip(10)).batch(4)).size(), 1U);
  EXPECT_THAT(problems(encoded(data).on_bad_sample({BadSamplePolicy::kSkip, 0.1}).batch(4)),
              IsEmpty());
  // More of them than the run would bear.
  EXPECT_EQ(problems(encoded(data).on_bad_sample({BadSamplePolicy::kSkip, 0.05}).batch(4)).size(),
            1U);
}

TEST_F(ReaderColumns, NothingIsToldWhereItCannotBeKnown) {
  const Dataset data = table("1,WBC,0\n");
  const auto any = [](const Record&) { return true; };
  EXPECT_THAT(problems(encoded(data.filter(any)).batch(4)), IsEmpty());
  // Behind the stage it comes too late.
  EXPECT_EQ(problems(encoded(data).filter(any).batch(4)).size(), 1U);
  EXPECT_THAT(problems(encoded(data).filter(any).take(5).batch(4)), IsEmpty());
  EXPECT_THAT(problems(encoded(data).shuffle(4).take(5).batch(4)), IsEmpty());
  const auto touch = [](Record record) {
    record.set("type", Tensor::scalar(std::string("RBC")));
    return record;
  };
  EXPECT_THAT(problems(encoded(data.map(touch)).batch(4).observed()), IsEmpty());
  // 11 rows are 3 batches.
  EXPECT_THAT(problems(encoded(data).batch(4).repeat(), {.steps = 2}), IsEmpty());
  EXPECT_EQ(problems(encoded(data).batch(4).repeat(), {.steps = 3}).size(), 1U);
  EXPECT_EQ(problems(encoded(data).batch(4).repeat(), {.steps = 2, .epochs = 2, .continues = true})
                .size(),
            1U);
}

TEST_F(ReaderColumns, IdsThatTheLossDoesNotTakeAreTold) {
  const auto ids = [&](const std::string& rows) {
    return table(rows).rename({{"id", "cell"}}).select({"x", "cell"}).batch(4);
  };
  EXPECT_THAT(problems(ids("")), IsEmpty());
  const auto found = problems(ids("1,RBC,2\n1,RBC,-1\n1,RBC,2\n"));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().code, "D002");
  EXPECT_EQ(found.front().keys.front().key, "cell");
  EXPECT_EQ(found.front().keys.front().role, Role::kTarget);
  EXPECT_EQ(found.front().stage->name, "csv");
  EXPECT_THAT(render_text(found),
              HasSubstr("targets of output \"cell\" are \"2\" and \"-1\" in 3 of 13 samples, and "
                        "its loss sparse_categorical_crossentropy takes 0 to 1"));
  EXPECT_THAT(render_text(found), HasSubstr("(cells.csv:12)"));
  EXPECT_THAT(problems(table("1,RBC,2\n")
                           .filter("id", {.in = {"0", "1"}})
                           .rename({{"id", "cell"}})
                           .select({"x", "cell"})
                           .batch(4)),
              IsEmpty());
}

TEST_F(ReaderColumns, IdsBeyondOneHotAreTold) {
  const Dataset data = table("1,RBC,2\n").rename({{"id", "cell"}}).select({"x", "cell"});
  const auto found = problems(data.one_hot({"cell"}, 2).batch(4));
  const auto d002 = std::ranges::find(found, "D002", &Diagnostic::code);
  ASSERT_NE(d002, found.end()) << render_text(found);
  EXPECT_EQ(d002->stage->name, "one_hot");
  EXPECT_THAT(d002->message, HasSubstr("\"cell\" holds ids that are out of range in 1 of 11"));
}

TEST_F(ReaderColumns, AScanKeepsFewTextsAndGivesUpOnMany) {
  std::string text = "few,many,number,mixed,gap\n";
  for (int i = 0; i < 2000; ++i) {
    const std::string n = std::to_string(i);
    text += (i % 3 == 0 ? "a" : "b") + std::string(",id") + n + "," + std::to_string(i % 100) +
            "," + (i < 1999 ? std::to_string(i % 5) : "?") + "," + (i % 2 == 0 ? "" : "x") + "\n";
  }
  write_file_atomically(path_, text);
  const CsvScan scan = scan_csv(path_, ',');
  EXPECT_THAT(scan.texts[0].value_or(std::vector<std::string>()), ElementsAre("a", "b"));
  EXPECT_FALSE(scan.texts[1]);
  EXPECT_FALSE(scan.texts[2]);
  EXPECT_THAT(scan.texts[3].value_or(std::vector<std::string>()),
              ElementsAre("0", "1", "2", "3", "4", "?"));
  EXPECT_THAT(scan.texts[4].value_or(std::vector<std::string>()), ElementsAre("", "x"));
  EXPECT_EQ(scan.ranges[2], (ValueRange{0.0, 99.0}));
  EXPECT_FALSE(scan.ranges[3]);
}

TEST_F(ReaderColumns, TextAmongNumbersIsToldWithItsLine) {
  const Dataset data = table("\"2.5\",\"a\nb\",0\n\"n/a\",RBC,1\n\n3.5,RBC,1\n");
  const auto found = problems(data.batch(2));
  const auto text = std::ranges::find(found, "D001", &Diagnostic::code);
  ASSERT_NE(text, found.end());
  ASSERT_FALSE(text->notes.empty());
  EXPECT_EQ(text->notes.back(),
            "the column \"x\" holds numbers but for one cell: \"n/a\" in sample 11 \"row 14\" "
            "(cells.csv:14)")
      << "the row before it has two lines";
  EXPECT_EQ(text->sample, (SampleIdentity{11, "row 14", path_, 14}));
  EXPECT_THAT(text->fixes.front().text, HasSubstr("types = { x = \"float32\" }"));
  EXPECT_THAT(render_text(*text), HasSubstr("cells.csv:14"));
}

TEST_F(ReaderColumns, StagesThatWantNumbersTellTheCellToo) {
  const Dataset data = table("?,RBC,none\n2,RBC,1\n-,RBC,1\n");
  const std::vector<Dataset> stages{data.rename({{"x", "y"}}).scale({"y"}, 2.0),
                                    data.filter("x", {.min = 1.0}),
                                    data.cast({"x"}, DType::kFloat32)};
  for (const Dataset& wrong : stages) {
    ASSERT_EQ(wrong.diagnostics().size(), 1U);
    EXPECT_THAT(
        render_text(wrong.diagnostics()),
        HasSubstr("the column \"x\" holds numbers but for 2 cells, the first \"?\" in sample "
                  "10 \"row 12\""));
  }
  const Dataset ids = data.one_hot({"id"}, 2);
  EXPECT_THAT(render_text(ids.diagnostics()), HasSubstr("but for one cell: \"none\" in sample 10"));
}

TEST_F(ReaderColumns, AColumnOfTextIsNoColumnOfNumbers) {
  const Dataset data = table("2,7,0\n").scale({"type"}, 2.0);
  ASSERT_EQ(data.diagnostics().size(), 1U);
  EXPECT_THAT(data.diagnostics()[0].notes, IsEmpty());
}

TEST_F(ReaderColumns, TextInTheSecondOfTwoTablesIsFound) {
  table("");
  const std::string second = (folder_ / "more.csv").string();
  write_file_atomically(second, "x,type,id\n1,RBC,1\n2,RBC,1\n3,RBC,1\n4,RBC,0\nfive,RBC,0\n");
  const Dataset data = Dataset::from_csv(std::vector<std::string>{path_, second}).scale({"x"}, 2.0);
  EXPECT_THAT(render_text(data.diagnostics()),
              HasSubstr("but for one cell: \"five\" in sample 14 \"row 6\""));
  EXPECT_THAT(render_text(data.diagnostics()), HasSubstr("more.csv:6"));
}

}  // namespace
}  // namespace tenon::readers
