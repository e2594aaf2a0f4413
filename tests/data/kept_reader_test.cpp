// What is read once where several ask for it.
#include "data/kept_reader.hpp"

#include "data/part_support.hpp"

namespace tenon::data_test {
namespace {

using data::Care;
using data::Index3D;
using data::Size3D;

/// Notes what it is asked for.
class NotingReader final : public data::ReaderOver {
 public:
  using ReaderOver::ReaderOver;
  Tensor whole(std::size_t slot) override {
    ++wholes;
    return ReaderOver::whole(slot);
  }
  Tensor part(std::size_t slot, const Index3D& first, const Size3D& size, double padding) override {
    parts.push_back({first, size});
    return ReaderOver::part(slot, first, size, padding);
  }
  int wholes = 0;
  std::vector<data::VoxelBox> parts;
};

struct Kept {
  Record record;
  data::RecordReader there;
  NotingReader noted;
  data::SlotCares cares;
  std::unique_ptr<data::RegionReader> reader;

  explicit Kept(Care care)
      : record(one()),
        there(record),
        noted(there),
        cares{care},
        reader(data::kept_reader(noted, cares)) {}
  static Record one() {
    Tensor value(DType::kInt32, {10, 12, 14, 2});
    std::int32_t next = 1;
    for (std::int32_t& number : value.data<std::int32_t>()) number = next++;
    value.set_geometry(slanted());
    const Schema schema{{"v", TensorSpec::of(value.dtype(), value.shape())}};
    return Record(std::make_shared<const Schema>(schema), {value}, {});
  }
  void expect_part(const Index3D& first, const Size3D& size, double padding) {
    const Tensor got = reader->part(0, first, size, padding);
    const Tensor wanted = data::crop_volume(record[0], first, size, padding);
    EXPECT_TRUE(got.equals(wanted));
    EXPECT_EQ(*got.geometry(), *wanted.geometry());
  }
};

TEST(KeptReader, ReadsTheWholeOnceForAll) {
  Kept kept(Care::kKeepWhole);
  kept.expect_part({1, -2, 3}, {4, 5, 20}, 2.0);
  EXPECT_TRUE(kept.reader->whole(0).equals(kept.record[0]));
  kept.expect_part({0, 0, 0}, {10, 12, 14}, 0.0);
  EXPECT_EQ(kept.noted.wholes, 1);
  EXPECT_TRUE(kept.noted.parts.empty());
}

TEST(KeptReader, ReadsPartsThatOverlapAtOnce) {
  Kept kept(Care::kJoinParts);
  kept.reader->expect(0, {3, 3, 3}, {2, 2, 2});
  kept.reader->expect(0, {-1, 1, 1}, {8, 8, 20});
  kept.expect_part({3, 3, 3}, {2, 2, 2}, 0.0);
  kept.expect_part({-1, 1, 1}, {8, 8, 20}, -4.0);
  ASSERT_EQ(kept.noted.parts.size(), 1U);
  EXPECT_EQ(kept.noted.parts[0].first, (Index3D{0, 1, 1}));
  EXPECT_EQ(kept.noted.parts[0].size, (Size3D{7, 8, 13}));
  kept.expect_part({8, 8, 8}, {2, 2, 2}, 0.0);
  EXPECT_EQ(kept.noted.parts.size(), 2U) << "one that nobody told of";
}

TEST(KeptReader, ReadsPartsThatLieApartOneByOne) {
  Kept kept(Care::kJoinParts);
  kept.reader->expect(0, {0, 0, 0}, {2, 2, 2});
  kept.reader->expect(0, {8, 9, 10}, {2, 2, 2});
  kept.expect_part({0, 0, 0}, {2, 2, 2}, 0.0);
  kept.expect_part({8, 9, 10}, {2, 2, 2}, 0.0);
  EXPECT_EQ(kept.noted.parts.size(), 2U);
  EXPECT_EQ(kept.noted.wholes, 0);
}

TEST(KeptReader, LeavesTheRestAlone) {
  Kept kept(Care::kNone);
  kept.expect_part({0, 0, 0}, {2, 2, 2}, 0.0);
  kept.expect_part({0, 0, 0}, {2, 2, 2}, 0.0);
  EXPECT_EQ(kept.noted.parts.size(), 2U);
}

}  // namespace
}  // namespace tenon::data_test
