#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/fit_parts.hpp"
#include "cli/known_words.hpp"
#include "cli/toml_tree.hpp"
#include "tenon/file.hpp"

namespace tenon::cli {
namespace {

TEST(WordTables, OfTheDocsAreTrue) {
  const std::string page = read_file(TENON_SOURCE_DIR "/docs/stages.md");
  EXPECT_NE(page.find(word_tables()), std::string::npos)
      << "docs/stages.md should end with what `tenon explain stages` prints";
}

TEST(WordTables, HaveEveryKindOfWord) {
  const std::string tables = word_tables();
  for (const char* line :
       {"### csv\n", "### load_image\n", "### random_flip\n",
        "| `size` | a whole number | **required** | samples per batch |",
        "| `patience` | a whole number | `0` | epochs without a better one |",
        "| `adamw` | AdamW | `learning_rate` = `0.001`, ", "| `binary_crossentropy`, `bce`",
        "| `per_class_recall` | PerClassRecall (not in Keras) | higher |"}) {
    EXPECT_THAT(tables, ::testing::HasSubstr(line));
  }
}

/// `key = value` for every argument, by its default or a value of its type.
std::string all_arguments(const CallbackEntry& entry) {
  std::string text = "name = \"" + std::string(entry.word) + "\"";
  for (const data::ArgumentDescriptor& argument : entry.arguments) {
    const std::string value =
        argument.default_text.empty() ? "1" : std::string(argument.default_text);
    text += ", " + std::string(argument.name) + " = " + value;
  }
  return text;
}

TEST(WordTables, ArgumentsOfCallbacksAreThoseThatAreRead) {
  for (const CallbackEntry& entry : callback_entries()) {
    const data::ArgumentValue root =
        parse_toml("callbacks = [{ " + all_arguments(entry) + " }]", "x.toml");
    Problems problems("x.toml");
    TableReader reader(root, "the file", problems);
    EXPECT_EQ(read_callbacks(*reader.any("callbacks"), "", problems).size(), 1U);
    for (const Diagnostic& problem : problems.all()) ADD_FAILURE() << problem.message;
  }
}

}  // namespace
}  // namespace tenon::cli
