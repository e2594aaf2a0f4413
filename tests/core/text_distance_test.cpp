#include "core/text_distance.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tenon {
namespace {

TEST(DamerauLevenshtein, CountsEdits) {
  EXPECT_EQ(damerau_levenshtein("", ""), 0U);
  EXPECT_EQ(damerau_levenshtein("", "abc"), 3U);
  EXPECT_EQ(damerau_levenshtein("kitten", "sitting"), 3U);
  EXPECT_EQ(damerau_levenshtein("Samll", "Small"), 1U) << "a swapped pair counts 1";
  EXPECT_EQ(damerau_levenshtein("ca", "abc"), 3U) << "no edit inside of a swapped pair";
  EXPECT_EQ(damerau_levenshtein("größe", "grösse"), 2U) << "code points, not bytes";
  EXPECT_EQ(damerau_levenshtein("ä", "a"), 1U);
}

TEST(DamerauLevenshtein, IsBoundedForLongNames) {
  const std::string a(5000, 'a');
  const std::string b(4000, 'a');
  EXPECT_EQ(damerau_levenshtein(a, b), 5000U);
  EXPECT_EQ(damerau_levenshtein(a, a), 0U);
}

TEST(Folding, CaseSeparatorsAndBlanks) {
  EXPECT_EQ(fold_case("Größe ÄÖ ЖА"), "größe äö жа");
  EXPECT_EQ(fold_case("e\u0301"), "é") << "an accent behind its letter is joined";
  EXPECT_EQ(fold_separators("big_Image-2.x y\u200B\u00A0"), "bigImage2xy");
  EXPECT_EQ(fold_separators("Sm\u0430ll"), "Small");
  EXPECT_EQ(fold_separators("\uFF33mall"), "Small");
  EXPECT_EQ(fold_separators("a\u2013b"), "ab");
  EXPECT_EQ(trim_blanks("\t Small\u00A0 \uFEFF"), "Small");
  EXPECT_EQ(trim_blanks("a b"), "a b");
  EXPECT_EQ(trim_blanks(" \u200B"), "");
}

TEST(SameWords, InAnyOrder) {
  EXPECT_TRUE(same_words("image_left", "left_image"));
  EXPECT_TRUE(same_words("imageLeft", "Left-image"));
  EXPECT_FALSE(same_words("image_left", "image_right"));
  EXPECT_FALSE(same_words("", ""));
}

TEST(NearestName, TakesTheStrongestLikeness) {
  const std::vector<std::string> names = {"Smal", "small", "Small ", "Large"};
  EXPECT_EQ(nearest_name("Small", names), "Small ") << "trimming before case before typos";
  EXPECT_EQ(nearest_name("SMALL", names), "small") << "the first that is equal in case";
  EXPECT_EQ(nearest_name("La_rge", names), "Large");
  EXPECT_EQ(nearest_name("Lagre", names), "Large");
  EXPECT_EQ(nearest_name("depth", names), std::nullopt);
}

TEST(NearestName, AllowsAThirdOfTheLength) {
  const std::vector<std::string> names = {"val_loss", "loss"};
  EXPECT_EQ(nearest_name("val_los", names), "val_loss");
  EXPECT_EQ(nearest_name("validation_loss", names), std::nullopt);
  EXPECT_EQ(nearest_name("abcdef", std::vector<std::string>{"abcdxy"}), "abcdxy");
  EXPECT_EQ(nearest_name("abcdef", std::vector<std::string>{"abcxyz"}), std::nullopt);
  EXPECT_EQ(nearest_name("x", std::vector<std::string>{"y"}), std::nullopt)
      << "nothing is in common";
  EXPECT_EQ(nearest_name("x", std::vector<std::string>{"x1"}), "x1");
}

TEST(NearestName, TakesTheFewestEditsThenWordOrder) {
  const std::vector<std::string> names = {"labels12", "label1", "image_left"};
  EXPECT_EQ(nearest_name("labels1", names), "labels12");
  EXPECT_EQ(nearest_name("left_image", names), "image_left");
}

TEST(NearestName, NeverOffersTheNameItself) {
  EXPECT_EQ(nearest_name("x", std::vector<std::string>{"x"}), std::nullopt);
  EXPECT_EQ(nearest_name("", std::vector<std::string>{" ", "abc"}), std::nullopt);
  EXPECT_EQ(nearest_name("a", {}), std::nullopt);
}

}  // namespace
}  // namespace tenon
