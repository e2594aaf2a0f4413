// What states know of the files of sources: what a file holds, not where it lies.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "data/pipeline.hpp"
#include "io/readers/zip_directory.hpp"
#include "io/readers_temporary_folder.hpp"
#include "tenon/dataset.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"
#include "tenon/npz.hpp"
#include "tenon/tensor.hpp"

namespace tenon::readers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TemporaryFolder;

/// What a state of `then` says where `now` goes on from it.
std::vector<std::string> changes_between(const Dataset& then, const Dataset& now) {
  const data::Pipeline& saved = *then.pipeline();
  auto told = now.pipeline()->changed_contents(saved.fingerprint(), saved.contents());
  auto differences = now.pipeline()->differences_from(saved.fingerprint(), saved.contents());
  EXPECT_EQ(told.empty() || !differences.empty(), true) << "a fingerprint alone says it, too";
  return told.empty() ? differences : told;
}

class ReaderContents : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(folder_.path(name)).parent_path());
    write_file_atomically(folder_.path(name), text);
    return folder_.path(name);
  }
  Dataset table(const std::string& name, const std::string& text) const {
    return Dataset::from_csv(write(name, text));
  }

  TemporaryFolder folder_;
};

TEST_F(ReaderContents, OfATableAreItsRowsHoweverTheirLinesEnd) {
  const Dataset then = table("t.csv", "a,b\n1,x\n2,\"y\nz\"\n3,w\n");
  for (const char* same : {"a,b\n1,x\n2,\"y\nz\"\n3,w", "a,b\r\n1,x\r\n2,\"y\nz\"\r\n3,w\r\n",
                           "\xEF\xBB\xBF"
                           "a,b\n1,x\n\n2,\"y\nz\"\n3,w\n\n\n"})
    EXPECT_THAT(changes_between(then, table("elsewhere/copy.csv", same)), IsEmpty()) << same;
  const auto told = [&](const char* text) { return changes_between(then, table("t.csv", text)); };
  EXPECT_THAT(told("a,b\n2,\"y\nz\"\n1,x\n3,w\n"),
              ElementsAre(HasSubstr("t.csv: its 3 samples stand in another order")));
  EXPECT_THAT(told("a,b\n1,x\n2,\"y\nz\"\n3,v\n"),
              ElementsAre(HasSubstr("it has 3 samples as before, but not the same ones")));
  EXPECT_THAT(told("a,b\n1,x\n2,\"y\nz\"\n3,w\n3,w\n"),
              ElementsAre(HasSubstr("it had 3 samples, and has 4 now")));
  EXPECT_THAT(told("a,b\n1,x\n2,\"y\r\nz\"\n3,w\n"), ElementsAre(HasSubstr("not the same ones")))
      << "a line end inside of a cell is part of its text";
}

TEST_F(ReaderContents, AnotherSeparatorOrHeaderIsAnotherSource) {
  const std::string path = write("t.csv", "a,b\n1,2\n");
  const Dataset then = Dataset::from_csv(path);
  EXPECT_THAT(changes_between(then, Dataset::from_csv(path, {.separator = ';'})),
              ElementsAre(HasSubstr("its source was csv(")));
  EXPECT_THAT(changes_between(then, table("t.csv", "b,a\n1,2\n")),
              ElementsAre(HasSubstr("its source was csv(")));
}

TEST_F(ReaderContents, OfSeveralTablesAreToldOneByOne) {
  const std::vector<std::string> paths{write("s/a.csv", "x\n1\n2\n"), write("s/b.csv", "x\n3\n")};
  const Dataset then = Dataset::from_csv(std::vector<std::string>{folder_.path("s/*.csv")});
  EXPECT_THAT(changes_between(then, Dataset::from_csv(paths)), IsEmpty());
  EXPECT_THAT(changes_between(then, Dataset::from_csv({paths[1], paths[0]})),
              ElementsAre(HasSubstr("the files stand in another order")));
  write("s/aa.csv", "x\n7\n");
  EXPECT_THAT(
      changes_between(then, Dataset::from_csv(std::vector<std::string>{folder_.path("s/*.csv")})),
      ElementsAre(HasSubstr("s/aa.csv was not among the files")));
  write("s/b.csv", "x\n4\n");
  EXPECT_THAT(changes_between(then, Dataset::from_csv(paths)),
              ElementsAre(HasSubstr("s/b.csv: it has 1 samples as before, but not the same ones")));
}

TEST_F(ReaderContents, OfAFolderAreTheNamesOfItsFiles) {
  for (const char* name : {"d/cat/1.png", "d/cat/2.png", "d/dog/1.png"}) write(name, "");
  const auto open = [&] { return Dataset::from_folder(folder_.path("d")); };
  const Dataset then = open();
  std::filesystem::copy(folder_.path("d"), folder_.path("copy"),
                        std::filesystem::copy_options::recursive);
  EXPECT_THAT(changes_between(then, Dataset::from_folder(folder_.path("copy"))), IsEmpty());
  write("d/dog/0.png", "");
  EXPECT_THAT(changes_between(then, open()),
              ElementsAre(HasSubstr("d/dog: it had 1 samples, and has 2 now")));
  std::filesystem::remove(folder_.path("d/dog/1.png"));
  EXPECT_THAT(changes_between(then, open()),
              ElementsAre(HasSubstr("d/dog: it has 1 samples as before, but not the same ones")));
}

TEST_F(ReaderContents, OfAnArchiveAreTheChecksumsOfItsArrays) {
  const Tensor x = random_uniform({4, 3}, 1);
  const Tensor y = random_uniform({4}, 2);
  const auto open = [&](const std::string& name, const NamedTensors& arrays, Keys keys = {}) {
    save_npz(folder_.path(name), arrays);
    return Dataset::from_npz(folder_.path(name), {.keys = std::move(keys)});
  };
  const Dataset then = open("a.npz", {{"x", x}, {"y", y}}, {"x"});
  EXPECT_THAT(changes_between(then, open("b.npz", {{"x", x}, {"y", x}}, {"x"})), IsEmpty())
      << "of the arrays that are read";
  EXPECT_THAT(changes_between(then, open("a.npz", {{"x", random_uniform({4, 3}, 9)}})),
              ElementsAre(HasSubstr("a.npz: it has 4 samples as before, but not the same ones")));
}

TEST_F(ReaderContents, TheDirectoryOfAnArchiveThatIsDamagedIsEmptyAndNoCrash) {
  save_npz(folder_.path("a.npz"), {{"x", random_uniform({4, 3}, 1)}});
  const std::string bytes = read_file(folder_.path("a.npz"));
  ASSERT_EQ(read_zip_directory(*open_file(folder_.path("a.npz"))).size(), 1U);
  for (std::size_t end = 0; end < bytes.size(); ++end) {
    write("cut.npz", bytes.substr(0, end));
    EXPECT_TRUE(read_zip_directory(*open_file(folder_.path("cut.npz"))).empty()) << end;
    write("cut.npz", bytes.substr(end));  // Its offsets lead elsewhere, or nowhere.
    static_cast<void>(read_zip_directory(*open_file(folder_.path("cut.npz"))));
  }
}

TEST_F(ReaderContents, AnIteratorIsNotRestoredOverOtherRows) {
  const auto open = [&](const char* rows) {
    return table("t.csv", std::string("x\n") + rows).shuffle(4).batch(2);
  };
  DatasetIterator iterator = open("1\n2\n3\n4\n5\n6\n").iterate({.threads = 1});
  Record record;
  ASSERT_TRUE(iterator.next(record));
  const std::string state = iterator.state();
  DatasetIterator other = open("1\n2\n3\n4\n6\n5\n").iterate({.threads = 1});
  try {
    other.restore(state);
    ADD_FAILURE() << "it was restored";
  } catch (const FormatError& error) {
    EXPECT_THAT(error.what(), HasSubstr("its files have changed"));
    EXPECT_THAT(error.what(), HasSubstr("t.csv: its 6 samples stand in another order"));
  }
}

/// States from before they knew what files hold compare the files' names.
TEST_F(ReaderContents, AStateOfAnOlderVersionIsRestored) {
  const Dataset dataset = table("t.csv", "x\n1\n2\n3\n4\n").batch(2);
  DatasetIterator iterator = dataset.iterate({.threads = 1});
  Record record;
  ASSERT_TRUE(iterator.next(record));
  auto old = nlohmann::json::parse(iterator.state());
  ASSERT_EQ(old.at("contents").size(), 1U);
  old.erase("contents");
  std::string source = folder_.path("t.csv") + " ',';x: i64 ();count=4";
  old.at("pipeline").at(0) = fmt::format("csv({})", source);
  DatasetIterator next = dataset.iterate({.threads = 1});
  next.restore(old.dump());
  ASSERT_TRUE(next.next(record));
  EXPECT_THAT(record.at("x").data<std::int64_t>(), ElementsAre(3, 4));
  old.at("pipeline").at(0) = "csv(elsewhere.csv ',';x: i64 ();count=4)";
  EXPECT_THROW(next.restore(old.dump()), FormatError);
}

}  // namespace
}  // namespace tenon::readers
