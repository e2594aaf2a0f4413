// What stages take, what stalls, and what queues may hold.
#include "data/meter.hpp"

#include <future>

#include "data/ram_budget.hpp"
#include "data/support.hpp"
#include "data/watchdog.hpp"
#include "tenon/message.hpp"

namespace tenon {
namespace {

using data::RunMeter;
using data_test::collect;
using data_test::counted;
using data_test::expect_equal;
using data_test::thrown_by;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

std::vector<StageReference> some_stages() {
  return {{-1, "csv", {}}, {0, "load_volume", {"train.toml", 12}}};
}

TEST(Meter, TellsWhatGoesOnForTooLongOnce) {
  RunMeter meter(some_stages(), 2);
  const auto now = RunMeter::Clock::now();
  {
    RunMeter::Work work(&meter, 17);
    EXPECT_TRUE(meter.overdue(now + 100s, 60s).empty()) << "no stage was begun";
    work.begin(-1);
    work.done(10);
    work.begin(0);
    work.reads("scans/17.nii.gz");
    EXPECT_TRUE(meter.overdue(now + 59s, 60s).empty());
    const auto stalls = meter.overdue(now + 70s, 60s);
    ASSERT_EQ(stalls.size(), 1U);
    EXPECT_EQ(stalls[0].stage, 0);
    EXPECT_EQ(stalls[0].sample, 17);
    EXPECT_GT(stalls[0].seconds, 60.0);
    SampleIdentity sample;
    sample.index = 17;
    const Diagnostic warning = data::stall_warning(stalls[0], meter.reference(0), sample, 60.0);
    EXPECT_THAT(warning.message, HasSubstr("load_volume"));
    EXPECT_THAT(warning.message, HasSubstr("has been at sample 17 for"));
    EXPECT_THAT(warning.message, HasSubstr("scans/17.nii.gz"));
    EXPECT_EQ(warning.severity, Severity::kWarning);
    EXPECT_TRUE(meter.overdue(now + 90s, 60s).empty()) << "it was told";
  }
  EXPECT_TRUE(meter.overdue(now + 200s, 60s).empty()) << "it has ended";
  DataProfile profile;
  meter.read(profile);
  ASSERT_EQ(profile.stages.size(), 1U) << "the second one gave nothing";
  EXPECT_EQ(profile.stages[0].bytes, 10);
}

TEST(Meter, AStalledStageIsToldWhileItStalls) {
  std::promise<std::string> told;
  std::atomic<bool> is_told{false};
  const MessageSink before = set_message_sink([&](const Diagnostic& message) {
    if (!is_told.exchange(true)) told.set_value(message.message);
  });
  std::shared_future<std::string> message = told.get_future().share();
  const Dataset dataset = counted(3)
                              .dataset
                              .map(
                                  [&](Record& record) {
                                    if (record.at("id").item<std::int64_t>() == 1) message.wait();
                                  },
                                  {.name = "slow", .result = counted(1).dataset.schema()})
                              .with_options({.stall_timeout = 0.01});
  EXPECT_EQ(collect(dataset, {.threads = 2}).size(), 3U);
  EXPECT_THAT(message.get(), HasSubstr("slow"));
  EXPECT_THAT(message.get(), HasSubstr("at sample 1 for"));
  set_message_sink(before);
}

TEST(Meter, AProfileNamesEveryStageThatRan) {
  DatasetIterator iterator = counted(40)
                                 .dataset.shuffle(8)
                                 .scale({"image"}, 0.5)
                                 .random_flip({"image"}, {"width"})
                                 .batch(4)
                                 .prefetch(2)
                                 .iterate({.threads = 2});
  EXPECT_EQ(iterator.profile().slowest(), nullptr);
  EXPECT_EQ(collect(iterator).size(), 10U);
  const DataProfile profile = iterator.profile();
  std::vector<std::string> names;
  for (const StageProfile& stage : profile.stages) {
    names.push_back(stage.stage.name);
    EXPECT_GT(stage.seconds, 0.0);
    EXPECT_EQ(stage.calls, stage.stage.name == "batch" ? 10 : 40);
  }
  EXPECT_THAT(names, ::testing::ElementsAre("function", "scale", "random_flip", "batch"));
  EXPECT_EQ(profile.stages[0].bytes, 40 * (72 + 8));
  EXPECT_EQ(profile.stages[1].bytes, 40 * (72 * 4 + 8));
  EXPECT_EQ(profile.elements, 10);
  EXPECT_GT(profile.seconds, 0.0);
  ASSERT_EQ(profile.queues.size(), 2U);
  EXPECT_EQ(profile.queues[0].name, "workers");
  EXPECT_EQ(profile.queues[1].name, "prefetch");
  EXPECT_LE(profile.queues[1].ready, 2.0);
}

TEST(RamBudget, NeverGivesMoreThanThereIs) {
  data::RamBudget budget(100);
  EXPECT_TRUE(budget.take(60, false));
  EXPECT_FALSE(budget.take(60, false));
  EXPECT_TRUE(budget.take(60, true)) << "a queue holds one element";
  budget.give_back(120);
  EXPECT_EQ(budget.used(), 0);
  EXPECT_TRUE(data::RamBudget(0).take(1LL << 50, false));
}

/// How many samples are there at once: each counts from when it was read until it is given.
TEST(RamBudget, BoundsWhatIsOnItsWay) {
  constexpr std::int64_t kBytes = 100'000;
  for (const std::int64_t room : {1, 3, 6}) {
    auto alive = std::make_shared<std::atomic<int>>(0);
    auto most = std::make_shared<std::atomic<int>>(0);
    const auto schema =
        std::make_shared<const Schema>(Schema{{"x", TensorSpec(DType::kUInt8, {kBytes})}});
    const Dataset data =
        Dataset::from_function(*schema, 60, [alive, most, schema](std::int64_t) {
          const int now = ++*alive;
          int before = most->load();
          while (now > before && !most->compare_exchange_weak(before, now)) {
          }
          auto memory = std::shared_ptr<std::byte[]>(new std::byte[kBytes]{}, [alive](auto* bytes) {
            --*alive;
            delete[] bytes;
          });
          return Record(schema, {Tensor::view(memory.get(), DType::kUInt8, {kBytes}, memory)}, {});
        }).with_options({.ram_budget = room * kBytes});
    DatasetIterator iterator = data.iterate({.threads = 4});
    Record record;
    int count = 0;
    while (iterator.next(record)) {
      ++count;
      record = Record();
    }
    EXPECT_EQ(count, 60);
    EXPECT_LE(most->load(), room + 1) << "and the one that is being given";
  }
}

TEST(RamBudget, ChangesNothingOfTheRecords) {
  const auto build = [](std::int64_t budget, std::int64_t ahead) {
    return counted(50)
        .dataset.shuffle(9)
        .random_flip({"image"}, {"width"})
        .batch(3)
        .prefetch(ahead)
        .with_options({.ram_budget = budget});
  };
  const auto expected = collect(build(0, 2), {.seed = 1, .threads = 1});
  for (const std::int64_t budget : {0, 1, 500, 1'000'000}) {
    for (const std::int64_t ahead : {-1, 1, 4}) {
      expect_equal(expected, collect(build(budget, ahead), {.seed = 1, .threads = 3}));
    }
  }
  EXPECT_THAT(thrown_by<ContractError>([&] { build(-1, 1); }).what(), HasSubstr("ram_budget = -1"));
  EXPECT_THAT(thrown_by<ContractError>([&] { build(0, 0); }).what(), HasSubstr("batches = 0"));
}

}  // namespace
}  // namespace tenon
