#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/report_support.hpp"

namespace tenon {
namespace {

using report_test::hostile_stream;
using report_test::told_stream;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(LineageText, TellsTheStoryOfEveryKeyAligned) {
  const std::string expected =
      R"(pairs, train data: 8 stages, 5 keys, 3 at the end

Small  u8 (B, 6, 6, 3)
  source  tensors  train.cpp:10  created  u8 (6, 6, 3)
       0  copy     train.cpp:11  used     u8 (6, 6, 3)
       3  rename   train.cpp:14  renamed  "image" -> "Small"
       7  batch    train.cpp:18  changed  u8 (6, 6, 3) -> u8 (B, 6, 6, 3)

image  f32 (B, 6, 6, 3)
       0  copy     train.cpp:11  created  u8 (6, 6, 3), out of "image"
       1  scale    train.cpp:12  changed  u8 (6, 6, 3) -> f32 (6, 6, 3)
       3  rename   train.cpp:14  renamed  "Small" -> "image"
       7  batch    train.cpp:18  changed  f32 (6, 6, 3) -> f32 (B, 6, 6, 3)

label  i64 (B,)
       2  encode   train.cpp:13  created  i64 (), out of "name"
       7  batch    train.cpp:18  changed  i64 () -> i64 (B,)

name  dropped by stage 5 drop
  source  tensors  train.cpp:10  created  str ()
       2  encode   train.cpp:13  used     str ()
       5  drop     train.cpp:16  removed  str ()

id  dropped by stage 5 drop
  source  tensors  train.cpp:10  created  i64 ()
       4  filter   train.cpp:15  used     i64 ()
       5  drop     train.cpp:16  removed  i64 ()
)";
  EXPECT_EQ(lineage_text(told_stream().lineage(), "pairs, train data"), expected);
}

TEST(LineageText, TellsThatOnlyValuesChanged) {
  const Dataset dataset =
      Dataset::from_tensors({{"x", Tensor(DType::kFloat32, {2, 4})}}).scale({"x"}, 2.0);
  EXPECT_THAT(lineage_text(dataset.lineage()), HasSubstr("changed  f32 (4,), the values only"));
}

TEST(LineageText, MakesOddCharactersVisible) {
  const std::string text = lineage_text(hostile_stream().lineage());
  EXPECT_THAT(text, HasSubstr("renamed  \"blank·\" -> \"&amp;\""));
  EXPECT_THAT(text, HasSubstr("\nline\\nend  f32 (3,)\n"));
  EXPECT_THAT(text, HasSubstr("\nSm\\u0430ll  f32 (3,)\n"));
  EXPECT_THAT(text, HasSubstr("\nbyte\\xff  f32 (3,)\n"));
  EXPECT_THAT(text, Not(HasSubstr("line\nend")));
}

TEST(LineageText, SaysWhatWasNotObserved) {
  const Dataset dataset = Dataset::from_tensors({{"x", Tensor(DType::kFloat32, {2, 4})}})
                              .map([](Record&) {}, {.name = "mine"}, {"train.cpp", 3});
  EXPECT_THAT(lineage_text(dataset.lineage()),
              HasSubstr("stage 0 mine (train.cpp:3) was not observed: what it does to the keys is "
                        "not known"));
  EXPECT_THAT(lineage_text(dataset.observed().lineage()), Not(HasSubstr("not observed")));
}

TEST(LineageText, OfNothingIsNoError) {
  EXPECT_EQ(lineage_text({}), "0 stages, 0 keys, 0 at the end\n");
}

}  // namespace
}  // namespace tenon
