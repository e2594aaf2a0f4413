#include "tenon/spec.hpp"

#include <gtest/gtest.h>

#include "core/throws.hpp"
#include "tenon/error.hpp"

namespace tenon {
namespace {

TEST(Dim, FitsUnlessBothAreKnownAndDiffer) {
  EXPECT_TRUE(Dim(3).fits(3));
  EXPECT_FALSE(Dim(3).fits(4));
  EXPECT_TRUE(Dim(3).fits(Dim::unknown()));
  EXPECT_TRUE(Dim::symbol("B").fits(8));
  EXPECT_TRUE(Dim::symbol("B").fits(Dim::symbol("T")));
  EXPECT_EQ(Dim(32).to_string(), "32");
  EXPECT_EQ(Dim::symbol("B").to_string(), "B");
  EXPECT_EQ(Dim().to_string(), "?");
  EXPECT_FALSE(Dim::symbol("B") == Dim());
}

TEST(TensorSpec, BatchAxisComesAndGoes) {
  const TensorSpec image(DType::kFloat32, {32, 32, 3}, "HWC");
  const TensorSpec batch = image.with_batch();
  EXPECT_EQ(batch.to_string(), "f32 (B, 32, 32, 3)");
  EXPECT_EQ(batch.axes, "BHWC");
  EXPECT_TRUE(batch.batched());
  EXPECT_EQ(batch.without_batch(), image);
  const TensorSpec plain(DType::kInt64, {4});
  EXPECT_EQ(plain.with_batch(8).axes, "B?");
  EXPECT_EQ(plain.with_batch(8).without_batch(), plain);
  EXPECT_EQ(TensorSpec(DType::kInt64, {}).with_batch().to_string(), "i64 (B,)");
  EXPECT_FALSE(TensorSpec(DType::kInt64, {}).batched());
}

TEST(TensorSpec, ShapeFitsLooksAtRankAndDims) {
  const TensorSpec spec(DType::kFloat32, {Dim::symbol("B"), 32, Dim::unknown()});
  EXPECT_TRUE(spec.shape_fits(Shape({7, 32, 1})));
  EXPECT_FALSE(spec.shape_fits(Shape({7, 31, 1})));
  EXPECT_FALSE(spec.shape_fits(Shape({7, 32})));
  EXPECT_TRUE(spec.shape_fits(TensorSpec(DType::kUInt8, {4, 32, 3})));
  EXPECT_FALSE(spec.shape_fits(TensorSpec(DType::kFloat32, {4, 32, 3, 1})));
  EXPECT_TRUE(TensorSpec::of_unknown_rank(DType::kFloat32).shape_fits(spec));
  EXPECT_TRUE(spec.shape_fits(TensorSpec::of_unknown_rank(DType::kFloat32)));
  EXPECT_TRUE(TensorSpec::of_unknown_rank(DType::kFloat32).shape_fits(Shape({1, 2})));
}

TEST(TensorSpec, PrintsItself) {
  EXPECT_EQ(TensorSpec::of(DType::kUInt8, {32, 32, 3}).to_string(), "u8 (32, 32, 3)");
  EXPECT_EQ(TensorSpec(DType::kBool, {}).to_string(), "bool ()");
  EXPECT_EQ(TensorSpec::of_unknown_rank(DType::kFloat32).to_string(), "f32 (…)");
  EXPECT_EQ(TensorSpec::of_unknown_rank(DType::kFloat32).with_batch().to_string(), "f32 (…)");
  EXPECT_EQ(TensorSpec(DType::kFloat32, {Dim(), Dim::symbol("T")}).shape_string(), "(?, T)");
}

TEST(Schema, KeepsOrderAndFindsSlots) {
  Schema schema{{"b", TensorSpec(DType::kFloat32, {1})}, {"a", TensorSpec(DType::kInt64, {})}};
  EXPECT_EQ(schema.keys(), (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(schema.slot("a"), 1U);
  EXPECT_EQ(schema.find("c"), std::nullopt);
  schema.add({"c", TensorSpec(DType::kBool, {})});
  schema.remove("b");
  EXPECT_EQ(schema.slot("c"), 1U);
  EXPECT_EQ(schema.spec("a").dtype, DType::kInt64);
}

TEST(Schema, MissingKeyListsTheKeysAndTheNearest) {
  const Schema schema{{"Large", {}}, {"Small ", {}}};
  try {
    static_cast<void>(schema.slot("Small"));
    FAIL() << "nothing was thrown";
  } catch (const KeyError& error) {
    EXPECT_EQ(std::string(error.what()),
              "error[K007]: there is no key \"Small\"\n"
              "  the keys are: \"Large\" and \"Small·\"\n"
              "  the nearest is \"Small·\"\n"
              "  fix: write \"Small·\" in place of \"Small\"");
    EXPECT_EQ(error.diagnostics()[0].candidate, "Small ");
    EXPECT_EQ(error.diagnostics()[0].keys[0].key, "Small");
  }
  Schema empty;
  EXPECT_EQ(text_thrown<KeyError>([&] { return empty.slot("x"); }),
            "error[K007]: there is no key \"x\"\n  there are no keys at all");
  EXPECT_THROW(empty.remove("x"), KeyError);
}

TEST(Schema, DoubledKeyIsRefused) {
  EXPECT_EQ(text_thrown<KeyError>([] {
              return Schema{{"x", {}}, {"x", {}}};
            }),
            "error[K012]: the key \"x\" is there already\n"
            "  the keys are: \"x\"\n"
            "  fix: give one of the two another name, or drop one");
}

}  // namespace
}  // namespace tenon
