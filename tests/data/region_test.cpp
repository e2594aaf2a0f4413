// Crops that let the stages before them work on their part alone.
#include "data/support.hpp"
#include "tenon/random.hpp"

namespace tenon {
namespace {

using data_test::collect;
using data_test::expect_equal;

Dataset volumes() {
  Tensor image = Tensor::uninitialized(DType::kInt16, {3, 20, 30, 40, 1});
  Random random(3);
  for (std::int16_t& value : image.data<std::int16_t>())
    value = static_cast<std::int16_t>(random.next_below(2000));
  return Dataset::from_tensors({{"image", image}});
}

Dataset made_small(const Dataset& dataset, bool late) {
  const Dataset wide =
      dataset.window({"image"}, {0.0, 1000.0}).scale({"image"}, 2.0).rename({{"image", "scan"}});
  const auto all = [](const Record&) { return true; };
  return (late ? wide.filter(all) : wide).random_crop({"scan"}, {4, 5, 6});
}

std::int64_t bytes_of_window(const Dataset& dataset) {
  DatasetIterator iterator = dataset.iterate({.seed = 5, .threads = 1});
  collect(iterator);
  for (const StageProfile& stage : iterator.profile().stages) {
    if (stage.stage.name == "window") return stage.bytes;
  }
  return -1;
}

TEST(Region, StagesOfVoxelsWorkOnThePartThatIsCut) {
  const Dataset whole = made_small(volumes(), true);
  const Dataset part = made_small(volumes(), false);
  // The crop draws by its place in the pipeline, which the filter moves.
  const Dataset same = made_small(volumes().filter([](const Record&) { return true; }), false);
  for (const std::uint64_t seed : {1U, 2U}) {
    expect_equal(collect(whole, {.seed = seed, .threads = 1}),
                 collect(same, {.seed = seed, .threads = 2}));
  }
  EXPECT_EQ(bytes_of_window(whole), 3 * 20 * 30 * 40 * 4);
  EXPECT_EQ(bytes_of_window(part), 3 * 4 * 5 * 6 * 4);
}

}  // namespace
}  // namespace tenon
