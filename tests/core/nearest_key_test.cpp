#include "tenon/detail/nearest_key.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/text_distance.hpp"
#include "core/unicode.hpp"
#include "tenon/tensor.hpp"

namespace tenon {
namespace {

static_assert(names::compare("Small", "Samll").likeness == names::Likeness::kTypo);
static_assert(names::compare("Small", "small ").of_name == names::Likeness::kCase);
static_assert(names::compare("image_left", "leftImage").likeness == names::Likeness::kWords);

/// Names that differ in what the rules look at: letters, case, separators, blanks, word order,
/// letters that look alike, and bytes that are no UTF-8.
std::vector<std::string> drawn_names(std::uint64_t seed, std::size_t count) {
  const std::vector<std::string> pieces = {
      "Small", "small", "Large",      "image", "Image",  "label",  "x",    "1",     "_",  "-",
      ".",     " ",     "Sm\u0430ll", "e",     "\u0301", "\u00A0", "\xC3", "Lable", "ge", ""};
  const Tensor draws = random_integers({static_cast<std::int64_t>(count), 3}, seed, 0,
                                       static_cast<std::int64_t>(pieces.size()));
  std::vector<std::string> drawn;
  for (std::size_t i = 0; i < count; ++i) {
    std::string name;
    for (std::size_t j = 0; j < 3; ++j) {
      name += pieces[static_cast<std::size_t>(draws.data<std::int64_t>()[3 * i + j])];
    }
    // A dataset has each key once.
    if (std::find(drawn.begin(), drawn.end(), name) == drawn.end()) drawn.push_back(name);
  }
  return drawn;
}

std::optional<std::string> nearest_as_compiled(const std::string& wanted,
                                               const std::vector<std::string>& given) {
  std::vector<names::Comparison> all;
  const auto usable = std::make_unique<bool[]>(given.size());
  for (std::size_t i = 0; i < given.size(); ++i) {
    all.push_back(names::compare(wanted, given[i]));
    usable[i] = given[i] != wanted;
  }
  const std::size_t at = names::nearest(all, {usable.get(), given.size()});
  if (at == names::kNoKey) return std::nullopt;
  return given[at];
}

TEST(NearestKey, TheCompilerFindsWhatTheLibraryFinds) {
  std::size_t found = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const std::vector<std::string> drawn = drawn_names(seed, 24);
    const std::vector<std::string> given(drawn.begin() + 1, drawn.end());
    const auto expected = nearest_name(drawn[0], given);
    EXPECT_EQ(nearest_as_compiled(drawn[0], given), expected) << "wanted: " << drawn[0];
    found += expected ? 1U : 0U;
  }
  EXPECT_GT(found, 150U) << "the names drawn are too different to try the rules";
}

TEST(NearestKey, FoldsAsTheLibraryDoes) {
  for (const std::string& name : drawn_names(7, 200)) {
    const names::Points points{std::string_view(name)};
    EXPECT_EQ(encode_utf8(points.view()), name);
    EXPECT_EQ(encode_utf8(points.case_folded().view()), fold_case(name));
    EXPECT_EQ(encode_utf8(points.all_folded().view()), fold_case(fold_separators(name)));
    EXPECT_EQ(encode_utf8(points.trimmed().view()), trim_blanks(name));
  }
}

TEST(NearestKey, LongKeysAreNearToNone) {
  const std::string longer(names::kMostBytes + 1, 'a');
  EXPECT_EQ(names::compare(longer, longer).likeness, names::Likeness::kNone);
  EXPECT_EQ(names::compare("a", longer).of_name, names::Likeness::kNone);
}

}  // namespace
}  // namespace tenon
