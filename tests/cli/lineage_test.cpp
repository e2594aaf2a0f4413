// tenon lineage as a user runs it, and the example of docs/lineage.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tenon/file.hpp"

namespace tenon::cli {
namespace {

using ::testing::HasSubstr;

class LineageCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("tenon_lineage_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    write("train.csv", "filename,kind,x,y,x2,y2,id\na.png,RBC,1,2,3,4,5\n");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    write_file_atomically(path(name), text);
  }
  /// The first block of docs/lineage.md that begins with ```LANGUAGE.
  static std::string block(const std::string& language) {
    const std::string page = read_file(TENON_SOURCE_DIR "/docs/lineage.md");
    const std::string fence = "\n```" + language + "\n";
    const std::size_t begin = page.find(fence) + fence.size();
    return page.substr(begin, page.find("```\n", begin) - begin);
  }
  void write_stages(const std::string& stages) const {
    write("exp.toml", "[data]\nstages = [\n" + stages +
                          "]\n[data.train]\nsource = { kind = \"csv\", path = \"train.csv\" }\n");
  }

  /// Exit status; `out` and `err` are what it printed.
  int run(const std::string& arguments) {
    const std::string line = "cd " + folder_.string() + " && " TENON_BINARY_DIR "/tenon " +
                             arguments + " >out.txt 2>err.txt";
    const int status = WEXITSTATUS(std::system(line.c_str()));
    out = read_file(path("out.txt"));
    err = read_file(path("err.txt"));
    return status;
  }

  std::filesystem::path folder_;
  std::string out;
  std::string err;
};

TEST_F(LineageCommand, TellsWhatThePageShows) {
  write("cells.toml", block("toml"));
  EXPECT_EQ(run("lineage cells.toml"), 0) << err;
  EXPECT_EQ(out, block("text"));
  EXPECT_EQ(err, "");
}

TEST_F(LineageCommand, WritesTheFormatThatTheEndingTells) {
  write("cells.toml", block("toml"));
  EXPECT_EQ(run("lineage cells.toml --output deep/in/cells.svg"), 0) << err;
  EXPECT_EQ(out, "");
  EXPECT_EQ(read_file(path("deep/in/cells.svg")).rfind("<svg ", 0), 0U);
  EXPECT_EQ(run("lineage cells.toml --output cells.gv"), 0) << err;
  EXPECT_EQ(read_file(path("cells.gv")).rfind("digraph ", 0), 0U);
  EXPECT_EQ(run("lineage cells.toml --output cells.svg --format json"), 0) << err;
  EXPECT_TRUE(nlohmann::json::accept(read_file(path("cells.svg"))));
}

TEST_F(LineageCommand, PrintsEveryFormat) {
  write("cells.toml", block("toml"));
  EXPECT_EQ(run("lineage cells.toml --format json"), 0) << err;
  EXPECT_EQ(nlohmann::json::parse(out).at("keys").size(), 10U);
  EXPECT_EQ(run("lineage cells.toml --format svg"), 0) << err;
  EXPECT_THAT(out, HasSubstr("<title>Lineage of cells, train data</title>"));
  EXPECT_EQ(run("lineage cells.toml --format dot"), 0) << err;
  EXPECT_THAT(out, HasSubstr("digraph lineage {"));
}

TEST_F(LineageCommand, ABrokenPipelineIsDrawnAndItsProblemsFollow) {
  write_stages(
      "  { op = \"drop\", keys = [\"id\"] },\n  { op = \"cast\", keys = [\"id\"], dtype = "
      "\"float32\" },\n");
  EXPECT_EQ(run("lineage exp.toml --format json"), 1);
  EXPECT_EQ(nlohmann::json::parse(out).at("stages").size(), 3U);
  EXPECT_THAT(err, HasSubstr("error[K007]"));
  EXPECT_THAT(err, HasSubstr("dropped by stage 0 drop (exp.toml:3)"));
}

TEST_F(LineageCommand, WhatCannotBeRunIsTwo) {
  write_stages("  { op = \"dorp\", keys = [\"id\"] },\n");
  EXPECT_EQ(run("lineage exp.toml --format json"), 2);
  EXPECT_EQ(nlohmann::json::parse(out).at("diagnostics").at(0).at("code"), "C001");
  EXPECT_EQ(run("lineage exp.toml --format svg --output x.svg"), 2);
  EXPECT_FALSE(std::filesystem::exists(path("x.svg")));
  write_stages("");
  EXPECT_EQ(run("lineage exp.toml --split test"), 2);
  EXPECT_THAT(err, HasSubstr("\"train\""));
}

TEST_F(LineageCommand, OtherCommandsHaveNoPictures) {
  write("cells.toml", block("toml"));
  EXPECT_EQ(run("peek cells.toml --format svg"), 2);
}

}  // namespace
}  // namespace tenon::cli
