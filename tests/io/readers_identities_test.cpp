// By what samples of files are recognised without being read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "contract/leakage.hpp"
#include "data/identities.hpp"
#include "tenon/file.hpp"

namespace tenon::readers {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ReaderIdentities : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tenon_identities_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  Dataset table(const std::string& name, const std::string& text) const {
    const std::string path = (folder_ / name).string();
    write_file_atomically(path, text);
    return Dataset::from_csv(path);
  }

  static std::vector<Diagnostic> leaks(const Dataset& train, const Dataset& test,
                                       const std::string& group = "") {
    const std::vector<contract::Split> splits{{.name = "train", .dataset = &train},
                                              {.name = "test", .dataset = &test}};
    return contract::leakage_problems(splits, {.group_key = group});
  }

  fs::path folder_;
};

TEST_F(ReaderIdentities, AColumnIsHadWithoutReadingSamples) {
  const Dataset data = table("a.csv", "who,x\n\"Ann, B\",1\nbob\neve,3\n");
  const data::Identities identities(data, 0);
  ASSERT_TRUE(identities.known());
  EXPECT_THAT(identities.texts("who")->values, ElementsAre("Ann, B", "", "eve"))
      << "the second row cannot be read";
  EXPECT_FALSE(identities.texts("nobody"));
}

TEST_F(ReaderIdentities, TheFilesThatLoadImageReadsAreComparedAndNotOpened) {
  const auto images = [&](const std::string& name, const std::string& text) {
    return table(name, text)
        .load_image("filename", "image", {.root = (folder_ / "none").string()})
        .select({"image"})
        .batch(2);
  };
  const Dataset train = images("train.csv", "filename,x\na.jpg,1\na.jpg,2\nb.jpg,3\n");
  EXPECT_THAT(leaks(train, images("test.csv", "filename,x\nc.jpg,1\nc.jpg,2\n")), IsEmpty());
  const auto found = leaks(train, images("copy.csv", "filename,x\nc.jpg,1\n./b.jpg,2\n"));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].code, "L001");
  EXPECT_THAT(render_text(found), HasSubstr("\"b.jpg\": 1 times in train, 1 times in test"));
}

TEST_F(ReaderIdentities, OneTableFilteredByAColumnIsNoLeakAndOverlappingFiltersAre) {
  const Dataset all = table("all.csv", "part,x\ntrain,1\ntest,2\ntrain,3\nboth,4\n");
  const std::string path = (folder_ / "all.csv").string();
  const Dataset again = Dataset::from_csv(path);
  EXPECT_THAT(leaks(all.filter("part", {.in = {"train"}}), again.filter("part", {.in = {"test"}})),
              IsEmpty());
  const auto found = leaks(all.filter("part", {.in = {"train", "both"}}),
                           again.filter("part", {.in = {"test", "both"}}));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(render_text(found), HasSubstr("1 sample is in both train and test"));
  EXPECT_THAT(render_text(found), HasSubstr("\"row 5\" (all.csv:5)"));
}

TEST_F(ReaderIdentities, AFilterByNumbersIsFollowedHoweverTheyAreWritten) {
  const Dataset all = table("folds.csv", "fold,x\n0,1\n01,2\n+2,3\n");
  EXPECT_THAT(leaks(all.filter("fold", {.max = 0}), all.filter("fold", {.min = 1})), IsEmpty());
  EXPECT_THAT(leaks(all.filter("fold", {.in = {"0", "2"}}), all.filter("fold", {.in = {"1"}})),
              IsEmpty());
  EXPECT_EQ(leaks(all.filter("fold", {.min = 1}), all.filter("fold", {.in = {"1"}})).size(), 1U);
}

TEST_F(ReaderIdentities, AFolderIsKnownByItsFilesAndAnNpzByItsKeys) {
  for (const char* name : {"one/x/a.png", "one/x/b.png", "two/x/a.png"}) {
    fs::create_directories((folder_ / name).parent_path());
    write_file_atomically((folder_ / name).string(), "not looked at");
  }
  const auto folder = [&](const char* name) {
    return Dataset::from_folder((folder_ / name).string()).load_image("filename", "image");
  };
  EXPECT_THAT(leaks(folder("one"), folder("two")), IsEmpty()) << "other folders, other files";
  EXPECT_EQ(leaks(folder("one"), folder("one")).size(), 1U);

  const std::string path = (folder_ / "data.npz").string();
  save_npz(path, {{"x", Tensor(DType::kFloat32, {4})}, {"y", Tensor(DType::kFloat32, {4})}});
  EXPECT_THAT(
      leaks(Dataset::from_npz(path, {.keys = {"x"}}), Dataset::from_npz(path, {.keys = {"y"}})),
      IsEmpty());
  EXPECT_EQ(leaks(Dataset::from_npz(path), Dataset::from_npz(path, {.keys = {"y"}})).size(), 1U);
}

TEST_F(ReaderIdentities, BloodCellsHaveManyBoxesAnImageAndNoImageInTwoSplits) {
  const fs::path data = fs::path(TENON_SOURCE_DIR) / "../shared/data/blood_cells";
  if (!fs::exists(data)) GTEST_SKIP() << "skipped: no ../shared/data/blood_cells";
  const auto split = [&](const std::string& name) {
    return Dataset::from_csv((data / name).string())
        .load_image("filename", "image", {.root = (data / "images").string()});
  };
  const Dataset train = split("train.csv");
  EXPECT_THAT(leaks(train, split("test.csv")), IsEmpty());
  // A test table into which a row of the training's was copied.
  std::string copied = read_file((data / "test.csv").string());
  const std::string rows = read_file((data / "train.csv").string());
  const std::size_t first = rows.find('\n') + 1;
  copied += rows.substr(first, rows.find('\n', first) + 1 - first);
  const Dataset spoilt = table("spoilt.csv", copied)
                             .load_image("filename", "image", {.root = (data / "images").string()});
  const auto found = leaks(train, spoilt);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(render_text(found), HasSubstr("1 file is read by both train and test"));
}

}  // namespace
}  // namespace tenon::readers
