// cache(folder): what is found again, what must not be, damage, processes that are killed.
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <set>

#include "data/cache/cache_entry.hpp"
#include "data/cache/cache_folder.hpp"
#include "data/cache/cache_support.hpp"
#include "tenon/file.hpp"
#include "tenon/message.hpp"
#include "tenon/random.hpp"

namespace {

std::atomic<int> g_syncs{0};

}  // namespace

// In place of the C library's, to be counted.
extern "C" int fsync(int descriptor) {
  ++g_syncs;
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

namespace tenon {
namespace {

using data::cached_files;
using data::CacheEntry;
using data_test::collect;
using data_test::counted;
using data_test::expect_same;
using data_test::NumberFiles;
using data_test::thrown_by;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(DiskCache, GivesWhatWouldBeMadeAndRunsNothingAgain) {
  const NumberFiles files(6);
  const auto expected = collect(files.data());
  EXPECT_EQ(*files.runs, 6);
  for (const int threads : {1, 3}) {
    const Dataset dataset = files.data().cache(files.cache());
    expect_same(expected, collect(dataset, {.threads = threads}));
    expect_same(expected, collect(dataset.shuffle(1), {.threads = threads}));
  }
  EXPECT_EQ(*files.runs, 12) << "once without a cache, once with one";
  EXPECT_EQ(cached_files(files.cache()).size(), 6U);
}

TEST(DiskCache, SyncsNoSample) {
  const NumberFiles files(9);
  const int before = g_syncs;
  collect(files.data().cache(files.cache()));
  EXPECT_EQ(cached_files(files.cache()).size(), 9U);
  EXPECT_LE(g_syncs - before, 2) << "those of the folder's mark";
  EXPECT_GE(g_syncs - before, 1) << "they are not counted";
}

TEST(DiskCache, IsNeverStale) {
  const NumberFiles files(3);
  const auto run = [&](const Dataset& data) {
    const int before = *files.runs;
    const auto records = collect(data);
    const auto fresh = collect(files.data());
    static_cast<void>(fresh);
    return std::pair(*files.runs - before - 3, records);
  };
  EXPECT_EQ(run(files.data().cache(files.cache())).first, 3);
  EXPECT_EQ(run(files.data().cache(files.cache())).first, 0);
  // Another argument of a stage before it, another stage, another version.
  EXPECT_EQ(run(files.data(2.0).cache(files.cache())).first, 3);
  EXPECT_EQ(run(files.data().scale({"volume"}, 2.0).cache(files.cache())).first, 3);
  EXPECT_EQ(run(files.data().cache(files.cache(), {.version = "2"})).first, 3);
  // A file that changed, of the same size: only that one is read again.
  files.write(1, 7);
  const auto [runs, records] = run(files.data().cache(files.cache()));
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(records[1].at("volume").data<float>()[0], 7.25F);
  expect_same(collect(files.data()), records);
  // What is behind the cache does not matter.
  EXPECT_EQ(run(files.data().cache(files.cache()).scale({"volume"}, 3.0)).first, 0);
}

TEST(DiskCache, AFileThatChangedIsAnotherAddress) {
  const NumberFiles files(3);
  namespace fs = std::filesystem;
  const auto runs_of = [&] {
    const int before = *files.runs;
    const Dataset table = Dataset::from_tensors(
        {{"file", Tensor::strings({3}, {files.path(0), files.path(1), files.path(2)})}});
    const auto reader = std::make_shared<data_test::ReadNumber>(files.runs, 1.0);
    collect(table.rename({{"file", "path"}}).stage(reader).cache(files.cache()));
    return *files.runs - before;
  };
  const auto first = [&] { return cached_files(files.cache()).size(); };
  EXPECT_EQ(runs_of(), 3);
  // Kept beside, so that it can come back as the same file.
  const std::string name = files.path(1);
  fs::rename(name, name + ".kept");
  files.write(1, 7);
  EXPECT_EQ(runs_of(), 1);
  EXPECT_EQ(first(), 4U) << "what was made of the other one is still there";
  fs::rename(name, name + ".other");
  fs::rename(name + ".kept", name);
  EXPECT_EQ(runs_of(), 0) << "and found again";
  EXPECT_EQ(data::prune_cache(files.cache(), {}).files, 0);
  EXPECT_EQ(data::prune_cache(files.cache(), {.outdated = true}).files, 1);
  EXPECT_EQ(runs_of(), 0) << "only what nothing finds was removed";
}

TEST(DiskCache, WholeNumbersInFloatsAreKeptInFewerBytesToTheBit) {
  const data_test::TemporaryFolder folder;
  const auto volume = [](std::int64_t which) {
    Tensor values(DType::kFloat32, {40, 50, 60, 1});
    std::size_t at = 0;
    for (float& value : values.data<float>()) value = static_cast<float>((at++ * 7919) % 256);
    float& odd = values.data<float>()[77777];
    constexpr std::array kOdd = {255.0F, -1.0F,   256.0F,  32767.0F,      32768.0F, -32768.0F,
                                 -0.0F,  0.0625F, 1.0e30F, std::nanf(""), -40000.0F};
    odd = kOdd[static_cast<std::size_t>(which)];
    return values;
  };
  const Schema schema(
      {{"volume", TensorSpec(DType::kFloat32, {Dim(40), Dim(50), Dim(60), Dim(1)}, "DHWC")}});
  const auto shared = std::make_shared<const Schema>(schema);
  const Dataset data = Dataset::from_function(
      schema, 11, [=](std::int64_t i) { return Record(shared, {volume(i)}, {}); });
  for (int round = 0; round < 2; ++round) {
    const auto records = collect(data.cache(folder / "kept", {.version = "1"}));
    ASSERT_EQ(records.size(), 11U);
    for (std::int64_t i = 0; i < 11; ++i) {
      const Tensor wanted = volume(i);
      EXPECT_EQ(std::memcmp(records[static_cast<std::size_t>(i)][0].bytes(), wanted.bytes(),
                            wanted.byte_size()),
                0)
          << i;
    }
  }
  for (const auto& file : cached_files(folder / "kept")) EXPECT_LT(file.bytes, 480000 / 2);
}

TEST(DiskCache, KnowsSamplesByWhatTheyAreAndNotByWhereTheyStand) {
  const NumberFiles files(4);
  collect(files.data().cache(files.cache()));
  const Dataset turned =
      Dataset::from_tensors({{"path", Tensor::strings({2}, {files.path(3), files.path(0)})}});
  const auto records = collect(
      turned.stage(std::make_shared<data_test::ReadNumber>(files.runs, 1.0)).cache(files.cache()));
  EXPECT_EQ(*files.runs, 4);
  EXPECT_EQ(records[0].at("volume").data<float>()[0], 3.25F);
  EXPECT_EQ(records[0].sample().index, 0);
}

TEST(DiskCache, AFunctionBeforeItNeedsAVersion) {
  const NumberFiles files(2);
  const auto with_map = [&](float factor) {
    return files.data().map([factor](Record& record) {
      for (float& value : record.at("volume").data<float>()) value *= factor;
    });
  };
  const auto told = thrown_by<ContractError>(
      [&] { with_map(2.0F).cache(files.cache()).iterate({.threads = 1}); });
  EXPECT_THAT(told.what(), HasSubstr("nobody can see what the function of"));
  EXPECT_THAT(render_text(told.diagnostics()), HasSubstr("give it a version"));
  const auto of_source = thrown_by<ContractError>(
      [&] { counted(3).dataset.cache(files.cache()).iterate({.threads = 1}); });
  EXPECT_THAT(of_source.what(), HasSubstr("nobody can see whether the data of"));
  const auto first = [&](float factor, const std::string& version) {
    const auto records = collect(with_map(factor).cache(files.cache(), {.version = version}));
    return records[1].at("volume").data<float>()[0];
  };
  EXPECT_EQ(first(2.0F, "1"), 2.5F);
  EXPECT_EQ(first(4.0F, "1"), 2.5F) << "the version says that it is the same function";
  EXPECT_EQ(first(4.0F, "2"), 5.0F);
  EXPECT_EQ(collect(counted(3).dataset.cache(files.cache(), {.version = "a"})).size(), 3U);
}

struct CropCase {
  std::string name;
  std::function<Dataset(const Dataset&)> cut;
};

TEST(DiskCache, ACropBehindItIsTheSame) {
  const NumberFiles files(3);
  const Dataset cached = files.data().cache(files.cache());
  collect(cached);
  const std::vector<CropCase> cases = {
      {"random",
       [](const Dataset& d) {
         return d.random_crop({"volume", "mask"}, {7, 33, 20});
       }},
      {"one key",
       [](const Dataset& d) {
         return d.random_crop({"volume"}, {40, 50, 1});
       }},
      {"label",
       [](const Dataset& d) {
         return d.random_crop_by_label({"volume", "mask"}, "mask", {9, 9, 31});
       }},
      {"label beside",
       [](const Dataset& d) {
         return d.random_crop_by_label({"volume"}, "mask", {9, 9, 31}, {.positive = 2.0});
       }},
      {"middle",
       [](const Dataset& d) {
         return d.crop_center({"volume"}, {8, 8, 8});
       }},
      {"over the border", [](const Dataset& d) {
         return d.crop_center({"volume", "mask"}, {44, 20, 70}, 3.0);
       }}};
  const int runs = *files.runs;
  for (const CropCase& each : cases) {
    SCOPED_TRACE(each.name);
    const auto expected = collect(each.cut(files.data()).repeat(3), {.seed = 8, .threads = 1});
    // The cache is a stage, too: a crop behind it has another number and other random places.
    const Dataset whole = each.cut(files.data().take(100));
    const auto same_number = collect(whole.repeat(3), {.seed = 8, .threads = 1});
    expect_same(same_number, collect(each.cut(cached).repeat(3), {.seed = 8, .threads = 2}));
    EXPECT_EQ(expected.size(), same_number.size());
  }
  EXPECT_EQ(*files.runs, runs + static_cast<int>(cases.size()) * 18);
}

TEST(DiskCache, APartReadsTheChunksThatItTouches) {
  const NumberFiles files(1);
  const auto records = collect(files.data().cache(files.cache()));
  const CacheEntry entry(cached_files(files.cache()).at(0).path);
  ASSERT_EQ(entry.key(1), "volume");
  const std::int64_t header = entry.bytes_read();
  const Tensor part = entry.part(1, {33, 1, 2}, {5, 6, 7}, 0.0);
  EXPECT_TRUE(part.equals(data::crop_volume(records[0].at("volume"), {33, 1, 2}, {5, 6, 7})));
  const std::int64_t one_chunk = entry.bytes_read() - header;
  const CacheEntry other(cached_files(files.cache()).at(0).path);
  EXPECT_TRUE(other.whole(1).equals(records[0].at("volume")));
  EXPECT_LT(one_chunk * 6, other.bytes_read() - header) << "8 chunks of different sizes";
}

/// Every value of every kind comes back.
TEST(DiskCache, KeepsEveryKindOfValue) {
  const data_test::TemporaryFolder folder;
  NamedTensors tensors = {
      {"text", Tensor::strings({2}, {std::string("a\0b\xff", 4), ""})},
      {"number", Tensor::from<std::int64_t>(Shape{2}, {-5, 1LL << 60})},
      {"half", Tensor::from<float>(Shape{2, 1}, {1.5F, -0.0F})},
      {"image", random_integers({2, 300, 400, 3}, 5, 0, 256).cast(DType::kUInt8)},
      {"flag", Tensor(DType::kBool, {2, 3})},
      {"empty", Tensor(DType::kFloat64, {2, 0, 4})}};
  const Dataset data = Dataset::from_tensors(tensors);
  const auto expected = collect(data);
  expect_same(expected, collect(data.cache(folder / "c")));
  expect_same(expected, collect(data.cache(folder / "c")));
  expect_same(collect(data.take(100).random_crop({"image"}, {280, 3})),
              collect(data.cache(folder / "c").random_crop({"image"}, {280, 3})));
  EXPECT_EQ(cached_files(folder / "c").size(), 2U);
}

TEST(DiskCache, DamageIsMadeAgainAndSaid) {
  const NumberFiles files(1);
  const auto expected = collect(files.data());
  const auto run = [&] { return collect(files.data().cache(files.cache())); };
  run();
  const std::string path = cached_files(files.cache()).at(0).path;
  const std::string good = read_file(path);
  Random random(3);
  std::string told;
  const MessageSink before =
      set_message_sink([&](const Diagnostic& message) { told += message.message + "\n"; });
  for (int i = 0; i < 60; ++i) {
    std::string bad = good;
    const auto at = static_cast<std::size_t>(random.next_below(good.size()));
    if (i % 3 == 0) {
      bad.resize(at);
    } else {
      bad[at] = static_cast<char>(bad[at] ^ (1 << (i % 8)));
    }
    std::ofstream(path, std::ios::binary) << bad;
    SCOPED_TRACE(testing::Message() << "byte " << at);
    expect_same(expected, run());
    ASSERT_FALSE(testing::Test::HasFailure());
    // It was written again, and is right.
    const int runs = *files.runs;
    expect_same(expected, run());
    EXPECT_EQ(*files.runs, runs);
  }
  set_message_sink(before);
  EXPECT_THAT(told, HasSubstr("does not have its checksum"));
}

/// What a loss of power may leave of a file that was not synced.
TEST(DiskCache, AnEntryThatIsCutOffOrZerosIsMadeAgain) {
  const NumberFiles files(1);
  const auto expected = collect(files.data());
  const auto run = [&] { return collect(files.data().cache(files.cache())); };
  run();
  const std::string path = cached_files(files.cache()).at(0).path;
  const std::string good = read_file(path);
  std::string told;
  const MessageSink before =
      set_message_sink([&](const Diagnostic& message) { told += message.message + "\n"; });
  const std::size_t half = good.size() / 2;
  const std::vector<std::string> left = {
      "", std::string(good.size(), '\0'), std::string(4096, '\0'), good.substr(0, half),
      good.substr(0, half) + std::string(good.size() - half, '\0')};
  for (const std::string& bad : left) {
    SCOPED_TRACE(testing::Message() << bad.size() << " bytes");
    std::ofstream(path, std::ios::binary) << bad;
    const int runs = *files.runs;
    expect_same(expected, run());
    EXPECT_EQ(*files.runs, runs + 1);
    expect_same(expected, run());
    EXPECT_EQ(*files.runs, runs + 1) << "it was written again, and is right";
  }
  set_message_sink(before);
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 5) << told;
  EXPECT_THAT(told, HasSubstr("it is cut off"));
  EXPECT_THAT(told, HasSubstr("it is no sample of a cache"));
  EXPECT_THAT(told, HasSubstr("a chunk does not have its checksum"));
}

TEST(DiskCache, StaysInItsBudgetAndDropsWhatWasNotUsedForLongest) {
  const NumberFiles files(8);
  collect(files.data().cache(files.cache()));
  const auto all = cached_files(files.cache());
  std::int64_t bytes = 0;
  for (const auto& file : all) bytes += file.bytes;
  const data::Pruned pruned = data::prune_cache(files.cache(), {.most_bytes = bytes / 2});
  EXPECT_GE(pruned.files, 4);
  EXPECT_EQ(cached_files(files.cache()).size(), 8U - static_cast<std::size_t>(pruned.files));
  // The first ones of the list were used first.
  EXPECT_FALSE(std::filesystem::exists(all.front().path));
  EXPECT_TRUE(std::filesystem::exists(all.back().path));
  data::prune_cache(files.cache(), {.most_bytes = 0});
  expect_same(collect(files.data()),
              collect(files.data().cache(files.cache(), {.budget = bytes / 2})));
  bytes /= 2;
  for (const auto& file : cached_files(files.cache())) bytes -= file.bytes;
  EXPECT_GE(bytes, 0);
  EXPECT_GE(cached_files(files.cache()).size(), 2U);
}

std::set<std::string> paths_in(const std::string& folder) {
  std::set<std::string> paths;
  for (const auto& file : cached_files(folder)) paths.insert(file.path);
  return paths;
}

TEST(DiskCache, GoingRoundKeepsWhatItHasAndSaysThatItIsFull) {
  const NumberFiles files(8);
  collect(files.data().cache(files.cache()));
  std::int64_t bytes = 0;
  for (const auto& file : cached_files(files.cache())) bytes += file.bytes;
  data::prune_cache(files.cache(), {.most_bytes = 0});
  std::string told;
  const MessageSink before =
      set_message_sink([&](const Diagnostic& message) { told += render_text(message) + "\n"; });
  const Dataset data = files.data().cache(files.cache(), {.budget = bytes * 11 / 16});
  DatasetIterator iterator = data.iterate({.threads = 1});
  collect(iterator);
  const auto kept = paths_in(files.cache());
  EXPECT_EQ(kept.size(), 5U);
  for (int epoch = 0; epoch < 2; ++epoch) {
    iterator.next_epoch();
    expect_same(collect(files.data()), collect(iterator));
    EXPECT_EQ(paths_in(files.cache()), kept);
  }
  set_message_sink(before);
  EXPECT_THAT(told,
              AllOf(HasSubstr("is full with 5 samples"), HasSubstr("all 8 would take about")));
  EXPECT_EQ(told.find("is full"), told.rfind("is full")) << told;
}

TEST(DiskCache, WhatOtherRunsLeftMakesRoom) {
  const NumberFiles files(8);
  collect(files.data(2.0).cache(files.cache()));
  const auto others = paths_in(files.cache());
  std::int64_t bytes = 0;
  for (const auto& file : cached_files(files.cache())) bytes += file.bytes;
  const auto hour_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
  for (const std::string& path : others) std::filesystem::last_write_time(path, hour_ago);
  std::string told;
  const MessageSink before =
      set_message_sink([&](const Diagnostic& message) { told += message.message; });
  collect(files.data().cache(files.cache(), {.budget = bytes * 5 / 4}));
  set_message_sink(before);
  EXPECT_EQ(told, "");
  int ours = 0;
  for (const std::string& path : paths_in(files.cache())) ours += others.contains(path) ? 0 : 1;
  EXPECT_EQ(ours, 8);
}

TEST(DiskCache, PrunesOnlyFoldersOfCaches) {
  const data_test::TemporaryFolder folder;
  const auto error =
      thrown_by<FormatError>([&] { data::prune_cache(folder / ".", {.most_bytes = 0}); });
  EXPECT_THAT(error.what(), HasSubstr("it is no folder of a cache"));
}

TEST(DiskCache, AFolderThatCannotBeWrittenIsSaidOnceAndNoMore) {
  const NumberFiles files(3);
  std::ofstream(files.cache()) << "a file";
  std::string told;
  const MessageSink before =
      set_message_sink([&](const Diagnostic& message) { told += message.message + "\n"; });
  expect_same(collect(files.data()), collect(files.data().cache(files.cache())));
  EXPECT_THAT(told, HasSubstr(files.cache()));
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 1);
  EXPECT_EQ(told.find(files.cache()), told.rfind(files.cache())) << told;
  told.clear();
  // As the splits of an experiment have a stage each.
  const Dataset first = files.data().cache(files.cache());
  const Dataset second = files.data(2.0).cache(files.cache());
  collect(first);
  collect(second);
  set_message_sink(before);
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 1) << told;
}

/// A process that goes through the data and tells every sample; ends by being killed, or in the
/// end.
pid_t start_writer(const NumberFiles& files, int to_parent) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  Record record;
  DatasetIterator iterator = files.data().cache(files.cache()).iterate({.threads = 1});
  while (iterator.next(record)) {
    if (::write(to_parent, "x", 1) != 1) break;
  }
  ::_exit(0);
}

TEST(DiskCache, ProcessesThatAreKilledLoseNothingAndServeNothingWrong) {
  const NumberFiles files(12);
  const auto expected = collect(files.data());
  Random random(23);
  for (int round = 0; round < 50; ++round) {
    std::array<int, 2> channel{};
    ASSERT_EQ(::pipe(channel.data()), 0);
    // Two at once, on the same samples.
    const pid_t one = start_writer(files, channel[1]);
    const pid_t other = start_writer(files, channel[1]);
    ::close(channel[1]);
    char byte = 0;
    const auto wait_for = random.next_below(14);
    for (std::uint64_t i = 0; i < wait_for && ::read(channel[0], &byte, 1) == 1; ++i) {
    }
    for (const pid_t child : {one, other}) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
    ::close(channel[0]);
    // What is there is whole.
    if (std::filesystem::exists(files.cache() + "/CACHEDIR.TAG")) {
      for (const auto& file : cached_files(files.cache())) {
        const CacheEntry entry(file.path);
        for (std::size_t at = 0; at < entry.size(); ++at) EXPECT_NO_THROW(entry.whole(at));
      }
    }
    if (round % 10 == 9) {
      expect_same(expected, collect(files.data().cache(files.cache())));
      data::prune_cache(files.cache(), {.most_bytes = 0});
    }
  }
  expect_same(expected, collect(files.data().cache(files.cache())));
}

}  // namespace
}  // namespace tenon
