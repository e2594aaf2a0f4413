// Chains of stages at random: however parts are cut out of what is read, and out of disk caches,
// they give what the same stages give of the whole, one after another.
#include "data/cache/cache_support.hpp"
#include "data/part_support.hpp"

namespace tenon::data_test {
namespace {

/// Stages, one after another, to be put behind several sources.
using Append = std::function<Dataset(const Dataset&)>;

struct Chain {
  std::vector<Append> stages;
  std::vector<std::string> words{};

  Dataset behind(Dataset dataset, std::size_t cache_at = 1000,
                 const std::string& folder = "") const {
    for (std::size_t i = 0; i < stages.size(); ++i) {
      if (i == cache_at) dataset = dataset.cache(folder);
      dataset = stages[i](dataset);
    }
    return dataset;
  }
};

constexpr std::int64_t kSamples = 2;

Dataset boxes() {
  return Dataset::from_tensors({{"id", Tensor::from<std::int64_t>(Shape{kSamples}, {0, 1})},
                                {"x", Tensor::from<std::int64_t>(Shape{kSamples}, {2, -3})},
                                {"y", Tensor::from<std::int64_t>(Shape{kSamples}, {3, 8})},
                                {"x2", Tensor::from<std::int64_t>(Shape{kSamples}, {11, 6})},
                                {"y2", Tensor::from<std::int64_t>(Shape{kSamples}, {9, 15})}});
}

/// Draws stages that fit what there is.
class Drawer {
 public:
  explicit Drawer(std::uint64_t seed)
      : random_(seed, 77), seed_(seed), count_(std::make_shared<ReadCount>()) {}

  /// With `unsound`, the last stage may be one that samples fail at.
  Chain chain(std::size_t length, bool unsound = false) {
    const int kind = below(3);
    const Shape shape = kind == 0 ? Shape{9 + below(8), 12 + below(9), 14 + below(9), 1 + below(2)}
                        : kind == 1 ? Shape{15 + below(9), 18 + below(9), 1 + below(3)}
                                    : Shape{14 + below(9), 18 + below(9)};
    Chain chain;
    const int loads = 1 + below(3);
    for (int i = 0; i < loads; ++i) add_load(chain, shape);
    int tries = 0;
    while (chain.stages.size() < length && ++tries < 60) {
      const Record now = plainly(chain.behind(boxes()), 0, 1);
      auto [word, stage] = drawn(now);
      Chain longer = chain;
      longer.stages.push_back(stage);
      longer.words.push_back(word);
      if (stage != nullptr && runs(longer)) chain = std::move(longer);
    }
    while (unsound && ++tries < 90) {
      auto [word, stage] = drawn(plainly(chain.behind(boxes()), 0, 1));
      Chain longer = chain;
      longer.stages.push_back(stage);
      longer.words.push_back(word);
      if (stage == nullptr || runs(longer) || !is_sound(longer)) continue;
      longer.stages.push_back([](const Dataset& d) {
        return d.select({"id", d.schema().keys().back()});
      });
      return longer;
    }
    return chain;
  }
  const std::shared_ptr<ReadCount>& count() const { return count_; }

 private:
  int below(int n) { return static_cast<int>(random_.next_below(static_cast<std::uint64_t>(n))); }
  template <class T>
  const T& one_of(const std::vector<T>& all) {
    return all[random_.next_below(all.size())];
  }

  void add_load(Chain& chain, const Shape& shape) {
    LoadedKind kind{shape, one_of<DType>({DType::kUInt8, DType::kInt16, DType::kFloat32})};
    if (below(4) != 0) kind.geometry = slanted();
    kind.seed = seed_ + chain.stages.size();
    kind.kinds = below(3) == 0 ? 3 : 200;
    kind.rank_known = below(6) != 0;
    const auto stage = std::make_shared<CountedLoad>(
        "id", "k" + std::to_string(chain.stages.size()), kind, count_);
    chain.words.emplace_back("load " + shape.to_string());
    chain.stages.push_back([stage](const Dataset& d) { return d.stage(stage); });
  }

  static bool is_sound(const Chain& chain) {
    try {
      return chain.behind(boxes()).diagnostics().empty();
    } catch (const Error&) {
      return false;
    }
  }

  static bool runs(const Chain& chain) {
    if (!is_sound(chain)) return false;
    try {
      const Dataset dataset = chain.behind(boxes());
      for (std::int64_t i = 0; i < kSamples; ++i) plainly(dataset, i, 1);
    } catch (const Error&) {
      return false;
    }
    return true;
  }

  /// Images and volumes; those of the grid of the first that is drawn.
  Keys grids(const Record& now) {
    Keys all;
    for (std::size_t slot = 0; slot < now.size(); ++slot) {
      if (now[slot].rank() >= 2) all.push_back(now.schema()[slot].key);
    }
    if (all.empty()) return all;
    Keys keys{one_of(all)};
    const auto size = data::Grid(now.at(keys.front()).shape()).size;
    for (const std::string& key : all) {
      const bool same = data::Grid(now.at(key).shape()).size == size;
      if (key != keys.front() && same && below(2) == 0) keys.push_back(key);
    }
    return keys;
  }

  std::vector<std::int64_t> size_below(const Tensor& value, int most_percent) {
    const data::Grid grid(value.shape());
    std::vector<std::int64_t> size;
    for (std::size_t axis = value.rank() == 4 ? 0 : 1; axis < 3; ++axis) {
      const auto most = std::max<std::int64_t>(1, grid.size[axis] * most_percent / 100);
      size.push_back(1 + below(static_cast<int>(most)));
    }
    return size;
  }
  std::string fresh() { return "n" + std::to_string(++made_); }

  std::pair<std::string, Append> drawn(const Record& now) {
    const Keys keys = grids(now);
    if (keys.empty()) return {"", nullptr};
    switch (below(4)) {
      case 0:
        return voxelwise(now, keys);
      case 1:
        return moved(now, keys);
      case 2:
        return cropped(now, keys);
      default:
        return worked(now, keys);
    }
  }

  std::pair<std::string, Append> voxelwise(const Record& /*now*/, const Keys& keys) {
    const std::string key = keys.front();
    switch (below(5)) {
      case 0:
        return {"window", [=](const Dataset& d) { return d.window(keys, {3.0, 90.0}); }};
      case 1:
        return {"scale", [=](const Dataset& d) { return d.scale(keys, 0.37, -1.5); }};
      case 2:
        return {"cast f64", [=](const Dataset& d) { return d.cast(keys, DType::kFloat64); }};
      case 3:
        return {"cast i16", [=](const Dataset& d) { return d.cast({key}, DType::kInt16); }};
      default:
        return {"normalize", [=](const Dataset& d) { return d.normalize(keys, {4.0}, {3.0}); }};
    }
  }

  std::pair<std::string, Append> moved(const Record& now, const Keys& keys) {
    const std::string key = keys.front();
    const std::string to = fresh();
    Keys some{"id"};
    for (const Field& field : now.schema()) {
      if (field.key != "id" && below(5) != 0) some.push_back(field.key);
    }
    switch (below(5)) {
      case 0:
        return {"copy", [=](const Dataset& d) { return d.copy(key, to); }};
      case 1:
        return {"rename", [=](const Dataset& d) { return d.rename({{key, to}}); }};
      case 2:
        return {"drop", [=](const Dataset& d) { return d.drop({key}); }};
      case 3:
        if (below(2) == 0) some.emplace_back("sample_index");
        std::ranges::sort(some);
        some.erase(std::unique(some.begin(), some.end()), some.end());
        return {"select", [=](const Dataset& d) { return d.select(some); }};
      default:
        if (keys.size() < 2) return {"", nullptr};
        return {"swap", [=](const Dataset& d) {
                  return d.rename({{keys[0], keys[1]}, {keys[1], keys[0]}});
                }};
    }
  }

  std::pair<std::string, Append> cropped(const Record& now, const Keys& keys) {
    const std::string key = keys.front();
    const Tensor& value = now.at(key);
    const auto size = size_below(value, 60);
    const auto wide = size_below(value, 130);
    const double padding = one_of<double>({0.0, -2.5, 7.4});
    const std::string to = below(4) == 0 ? key : fresh();
    switch (below(6)) {
      case 0:
        return {"random_crop", [=](const Dataset& d) { return d.random_crop(keys, size); }};
      case 1: {
        Keys cut = keys;
        if (cut.size() > 1 && below(2) == 0) cut.pop_back();
        return {"random_crop_by_label",
                [=](const Dataset& d) { return d.random_crop_by_label(cut, keys.back(), size); }};
      }
      case 2:
        return {"crop_center",
                [=](const Dataset& d) { return d.crop_center(keys, wide, padding); }};
      case 3: {
        const CropOptions options{.size = below(2) == 0 ? Size2D{0, 0} : Size2D{5, 7},
                                  .padding_value = padding};
        return {"crop_box " + key + " " + to, [=](const Dataset& d) {
                  return d.crop_box(key, to, {"x", "y", "x2", "y2"}, options);
                }};
      }
      case 4:
        return {"crop_around " + key + " " + to, [=](const Dataset& d) {
                  return d.crop_around(key, to, {"x", "y", "x2", "y2"}, {8, 11},
                                       {.padding_value = padding});
                }};
      default: {
        const std::vector<ScalePatch> patches{
            {key, to, size, 1},
            {key, fresh(), size, 1 + below(4), below(2) == 0 ? "linear" : "nearest"}};
        const std::string label = below(2) == 0 ? keys.back() : "";
        return {"multi_scale_patches " + key + " " + to,
                [=](const Dataset& d) { return d.multi_scale_patches(patches, label); }};
      }
    }
  }

  std::pair<std::string, Append> worked(const Record& /*now*/, const Keys& keys) {
    const std::string key = keys.front();
    const std::string to = fresh();
    switch (below(14)) {
      case 11:
      case 12: {
        const std::string axes = one_of<std::string>({"SPL", "RAS", "AIL", "IRP"});
        return {"orientation " + axes,
                [=](const Dataset& d) { return d.orientation({key}, axes); }};
      }
      case 0:
        return {"random_flip", [=](const Dataset& d) {
                  return d.random_flip(keys, {"height", "width"});
                }};
      case 1:
        return {"pad_to_multiple", [=](const Dataset& d) {
                  return d.pad_to_multiple(keys, {1, 4, 6}, 1.0);
                }};
      case 2:
        return {"pad", [=](const Dataset& d) { return d.pad(keys, {40, 40}); }};
      case 3:
        return {"crop_foreground",
                [=](const Dataset& d) { return d.crop_foreground(keys, keys.back()); }};
      case 4:
        return {"z_score", [=](const Dataset& d) { return d.z_score(keys); }};
      case 5:
        return {"random_noise", [=](const Dataset& d) {
                  return d.random_noise(keys, {0.5, 2.0}, 0.7);
                }};
      case 6:
        return {"resize", [=](const Dataset& d) { return d.resize(keys, {9, 8}); }};
      case 7:
        return {"spacing", [=](const Dataset& d) { return d.spacing({key}, {3.0, 1.1, 0.8}); }};
      case 8:
        return {"merge_channels", [=](const Dataset& d) { return d.merge_channels(keys, to); }};
      case 9:
        return {"split_channels", [=](const Dataset& d) { return d.split_channels(key, {to}); }};
      default:
        return below(3) == 0 ? std::pair<std::string, Append>{"map",
                                                              [](const Dataset& d) {
                                                                return d.map([](Record&) {});
                                                              }}
                             : std::pair<std::string, Append>{
                                   "filter", [](const Dataset& d) {
                                     return d.filter([](const Record&) { return true; });
                                   }};
    }
  }

  Random random_;
  std::uint64_t seed_;
  std::shared_ptr<ReadCount> count_;
  int made_ = 0;
};

std::int64_t expect_as_plain(const Dataset& dataset, const ReadCount& count, std::uint64_t seed) {
  std::vector<Record> wanted;
  for (std::int64_t i = 0; i < kSamples; ++i) wanted.push_back(plainly(dataset, i, seed));
  // A function is shown a sample before the run.
  DatasetIterator iterator = dataset.iterate({.seed = seed, .threads = 1});
  const std::int64_t before = count.voxels;
  const auto got = collect(iterator);
  const std::int64_t voxels = count.voxels - before;
  EXPECT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < std::min(got.size(), wanted.size()); ++i)
    expect_identical(wanted[i], got[i]);
  return voxels;
}

TEST(RegionRandom, ChainsGiveWhatTheyGiveOfTheWhole) {
  int saved = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Drawer drawer(seed);
    const Chain chain = drawer.chain(3 + seed % 8);
    std::string words;
    for (const std::string& word : chain.words) words += word + ", ";
    SCOPED_TRACE(testing::Message() << "seed " << seed << ": " << words);
    const Dataset dataset = chain.behind(boxes());
    ASSERT_TRUE(dataset.diagnostics().empty()) << render_text(dataset.diagnostics());
    const std::int64_t before = drawer.count()->voxels;
    plainly(dataset, 0, 1);
    plainly(dataset, 1, 1);
    const std::int64_t whole = drawer.count()->voxels - before;
    try {
      const std::int64_t read = expect_as_plain(dataset, *drawer.count(), 1);
      EXPECT_LE(read, whole);
      saved += read < whole ? 1 : 0;
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
    }
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(saved, 60);
}

TEST(RegionRandom, SamplesThatFailAreTheSame) {
  int failed = 0;
  for (std::uint64_t seed = 2000; seed < 2250; ++seed) {
    Drawer drawer(seed);
    const Chain chain = drawer.chain(3 + seed % 5, true);
    std::string words;
    for (const std::string& word : chain.words) words += word + ", ";
    SCOPED_TRACE(testing::Message() << "seed " << seed << ": " << words);
    const Dataset dataset =
        chain.behind(boxes()).on_bad_sample({.policy = BadSamplePolicy::kSkip, .max_bad = 1.0});
    std::vector<Record> wanted;
    std::vector<std::int64_t> bad;
    for (std::int64_t i = 0; i < kSamples; ++i) {
      std::int64_t at = -1;
      try {
        wanted.push_back(plainly(dataset, i, 1, &at));
      } catch (const Error&) {
        bad.push_back(at);
      }
    }
    std::vector<Record> got;
    std::vector<std::int64_t> told;
    try {
      DatasetIterator iterator = dataset.iterate({.seed = 1, .threads = 1});
      got = collect(iterator);
      for (const BadSample& sample : iterator.bad_samples()) told.push_back(sample.stage.index);
    } catch (const ContractError&) {
      continue;  // A function may be shown no sample.
    }
    EXPECT_EQ(told, bad);
    ASSERT_EQ(got.size(), wanted.size());
    for (std::size_t i = 0; i < got.size(); ++i) expect_identical(wanted[i], got[i]);
    failed += bad.empty() ? 0 : 1;
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(failed, 40);
}

TEST(RegionRandom, ChainsBehindADiskCacheToo) {
  int tried = 0;
  for (std::uint64_t seed = 1000; seed < 1120; ++seed) {
    Drawer drawer(seed);
    const Chain chain = drawer.chain(4 + seed % 6);
    const TemporaryFolder folder;
    const std::size_t at = 1 + seed % 3;
    const Dataset dataset = chain.behind(boxes(), at, folder / "c");
    // Not before random stages or behind functions that nobody can see.
    if (at >= chain.stages.size() || !dataset.diagnostics().empty()) continue;
    std::string words;
    for (const std::string& word : chain.words) words += word + ", ";
    SCOPED_TRACE(testing::Message() << "seed " << seed << ", cache at " << at << ": " << words);
    try {
      for (int run = 0; run < 3; ++run) expect_as_plain(dataset, *drawer.count(), 1);
      ++tried;
    } catch (const DataError&) {
      // Where stages draw by another number now, they may draw what the next one cannot take.
    } catch (const ContractError&) {
    }
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(tried, 40);
}

}  // namespace
}  // namespace tenon::data_test
