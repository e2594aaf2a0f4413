// What ranks tell each other beside the steps: states, weights, what they are about to train.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/diagnostic_json.hpp"
#include "core/text_hash.hpp"
#include "data/bad_sample_json.hpp"
#include "data/pipeline.hpp"
#include "dist/failure.hpp"
#include "tenon/error.hpp"
#include "train/compile_config.hpp"
#include "train/rank_group.hpp"
#include "train/resume.hpp"

namespace tenon::train {
namespace {

using Json = nlohmann::ordered_json;

std::span<std::byte> bytes_of(Tensor& tensor) {
  return {reinterpret_cast<std::byte*>(tensor.bytes()), tensor.byte_size()};
}

void share_tensors(dist::Communicator& communicator, backend::Variables& variables,
                   std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto slot = static_cast<std::int32_t>(i);
    Tensor value = variables.read(slot);
    communicator.broadcast(bytes_of(value));
    if (communicator.rank() != 0) variables.write(slot, value);
  }
}

/// Short texts as they are, long ones by their hash.
std::string digest(const std::string& text) {
  constexpr std::size_t kShort = 160;
  return text.size() <= kShort ? text : fmt::format("{:016x}", hash_text(text));
}

/// Of this process's executable file, so that two builds are told apart. Read once: it may be
/// large.
const std::string& program_digest() {
  static const std::string made = [] {
    std::ifstream file("/proc/self/exe", std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    return fmt::format("{} bytes, {:016x}", bytes.size(), hash_text(bytes));
  }();
  return made;
}

std::string stages_text(const Dataset& dataset) {
  const BadSampleOptions& bad = dataset.pipeline()->bad_samples();
  constexpr std::array kPolicies = {"stop", "skip", "quarantine"};
  std::string stages = fmt::format("on_bad_sample {}, max_bad {:g}\n",
                                   kPolicies[static_cast<std::size_t>(bad.policy)], bad.max_bad);
  for (const std::string& file : dataset.pipeline()->contents())
    stages += data::contents_without_folder(file) + "\n";
  for (const std::string& part : dataset.pipeline()->fingerprint()) stages += part + "\n";
  return stages;
}

std::string text_of(const MpiOptions& options) {
  return fmt::format(
      "wire {}, buckets of {:g} MB, batch_per_rank {}, scale_learning_rate {}, warmup_steps {}",
      options.wire, options.bucket_megabytes, options.batch_per_rank, options.scale_learning_rate,
      options.warmup_steps);
}

using Facts = std::vector<std::pair<std::string, std::string>>;

Facts facts_of(const Model& model, const Trainer& trainer, const FitArguments& arguments,
               const std::vector<const Dataset*>& datasets) {
  Facts facts = {{"number of ranks' options", text_of(arguments.distribution.options())},
                 {"engine", trainer.engine().description()},
                 {"precision", trainer.arguments().precision},
                 {"model", model.to_json()},
                 {"optimizer, losses and metrics", compile_config_json(model)},
                 {"seed", fmt::format("{}", arguments.seed)},
                 {"epochs", fmt::format("{} from {}", arguments.epochs, arguments.initial_epoch)},
                 {"steps_per_epoch", fmt::format("{}", arguments.steps_per_epoch.value_or(0))},
                 {"class_weight", class_weight_text(model, arguments)},
                 {"validation_steps", fmt::format("{}", arguments.validation_steps.value_or(0))},
                 {"validation_freq", fmt::format("{}", arguments.validation_freq)},
                 {"check_finite", fmt::format("{}", arguments.check_finite)}};
  for (const Dataset* dataset : datasets) {
    facts.emplace_back(dataset == datasets.front() ? "training data" : "validation data",
                       stages_text(*dataset));
  }
  facts.emplace_back("program", program_digest());
  return facts;
}

std::pair<std::string, std::string> first_difference(const Json& first, const Json& other) {
  const Json own = first.flatten();
  const Json theirs = other.flatten();
  for (const auto& [place, value] : own.items()) {
    const std::string here = value.dump();
    const std::string there = theirs.contains(place) ? theirs.at(place).dump() : "nothing";
    if (here != there)
      return {fmt::format("{}: {}", place, here), fmt::format("{}: {}", place, there)};
  }
  for (const auto& [place, value] : theirs.items()) {
    if (!own.contains(place))
      return {fmt::format("{}: nothing", place), fmt::format("{}: {}", place, value.dump())};
  }
  return {first.dump(), other.dump()};
}

/// The part of two long texts, JSON or lines, that differs first.
std::pair<std::string, std::string> first_difference(const std::string& first,
                                                     const std::string& other) {
  const Json own = Json::parse(first, nullptr, false);
  const Json theirs = Json::parse(other, nullptr, false);
  if (own.is_structured() && theirs.is_structured()) return first_difference(own, theirs);
  const auto line = [](std::istringstream& text) {
    std::string next;
    return std::getline(text, next) ? next : std::string("nothing");
  };
  std::istringstream here(first);
  std::istringstream there(other);
  while (here && there) {
    std::pair<std::string, std::string> lines{line(here), line(there)};
    if (lines.first != lines.second) return lines;
  }
  return {first, other};
}

[[noreturn]] void throw_difference(const char* doing, const std::string& what, int rank,
                                   const std::string& first, const std::string& other) {
  throw Error(make_diagnostic(
      "R001", fmt::format("ranks 0 and {} are not about to {} the same: {}", rank, doing, what),
      {fmt::format("rank 0: {}", first), fmt::format("rank {}: {}", rank, other)},
      "start every rank from the same program, with the same experiment and the same data"));
}

/// Throws where the ranks' facts differ.
void compare_facts(dist::Communicator& communicator, const char* doing, const Facts& facts) {
  Json own = Json::array();
  for (const auto& [name, value] : facts) own.push_back({name, digest(value)});
  const auto all = communicator.all_gather(json_text(own, -1));
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    if (all[rank] == all[0]) continue;
    const Json first = Json::parse(all[0], nullptr, false);
    const Json other = Json::parse(all[rank], nullptr, false);
    for (std::size_t i = 0; i < std::min(first.size(), other.size()); ++i) {
      if (first[i] == other[i]) continue;
      // All ranks have come here alike.
      const auto whole = communicator.all_gather(i < facts.size() ? facts[i].second : "");
      const auto [here, there] = first_difference(whole[0], whole[rank]);
      throw_difference(doing, first[i][0].get<std::string>(), static_cast<int>(rank), here, there);
    }
    throw_difference(doing, "versions", static_cast<int>(rank),
                     fmt::format("{} facts", first.size()), fmt::format("{} facts", other.size()));
  }
}

}  // namespace

void RankGroup::compare(const Model& model, const Trainer& trainer, const FitArguments& arguments,
                        const std::vector<const Dataset*>& datasets) const {
  if (alone()) return;
  communicator().at({.stage = "comparing what is to be trained"});
  compare_facts(communicator(), "train", facts_of(model, trainer, arguments, datasets));
}

void RankGroup::compare_pass(const char* doing, const Model& model, const Trainer& trainer,
                             const Dataset& dataset, std::optional<std::int64_t> steps) const {
  if (alone()) return;
  communicator().at({.stage = "comparing what is to be done"});
  compare_facts(communicator(), doing,
                {{"engine", trainer.engine().description()},
                 {"precision", trainer.arguments().precision},
                 {"model", model.to_json()},
                 {"weights", fmt::format("{:016x}", digest_of_weights(trainer))},
                 {"losses and metrics", trainer.compiled() ? compile_config_json(model) : ""},
                 {"steps", fmt::format("{}", steps.value_or(0))},
                 {"data", stages_text(dataset)},
                 {"program", program_digest()}});
}

void RankGroup::share_variables(Trainer& trainer) const {
  if (alone() || size() == 1) return;
  backend::Variables& variables = *trainer.training_state().variables();
  trainer.complete_slots();
  share_tensors(communicator(), variables, variables.specs().size());
  trainer.forget_weight_writes();
}

void RankGroup::share_state(std::shared_ptr<const TrainingState>& state, Trainer& trainer) const {
  if (alone()) return;
  communicator().at({.stage = "the state to go on from"});
  Json json;
  if (state) {
    std::vector<std::uint64_t> running(state->running.size());
    std::ranges::transform(state->running, running.begin(), [](double value) {
      std::uint64_t bits = 0;
      std::memcpy(&bits, &value, sizeof bits);
      return bits;
    });
    json = {{"epoch", state->epoch},
            {"step", state->step},
            {"steps_done", state->steps_done},
            {"data", state->data},
            {"running", running},
            {"stopped", state->stopped},
            {"learning_rate_scale", state->learning_rate_scale}};
  }
  json["iterations"] = trainer.iterations();
  json = Json::parse(communicator().broadcast(json_text(json, -1)));
  trainer.set_iterations(json.at("iterations").get<std::int64_t>());
  if (first() || !json.contains("epoch")) return;
  auto taken = std::make_shared<TrainingState>();
  taken->epoch = json.at("epoch").get<std::int64_t>();
  taken->step = json.at("step").get<std::int64_t>();
  taken->learning_rate_scale = json.at("learning_rate_scale").get<double>();
  taken->steps_done = json.at("steps_done").get<std::int64_t>();
  taken->data = json.at("data").get<std::string>();
  taken->stopped = json.at("stopped").get<bool>();
  for (const auto& bits : json.at("running")) {
    const auto value = bits.get<std::uint64_t>();
    taken->running.emplace_back();
    std::memcpy(&taken->running.back(), &value, sizeof value);
  }
  state = std::move(taken);
}

StepShape RankGroup::share_shape(const std::optional<StepShape>& own) const {
  Json json;
  if (own) {
    std::vector<std::vector<std::int64_t>> shapes;
    for (const Shape& shape : own->input_shapes)
      shapes.emplace_back(shape.dims().begin(), shape.dims().end());
    std::vector<int> dtypes;
    for (const DType dtype : own->input_dtypes) dtypes.push_back(static_cast<int>(dtype));
    json = {{"shapes", shapes}, {"dtypes", dtypes}, {"weighted", own->weighted}};
  }
  for (const std::string& text : communicator().all_gather(json_text(json, -1))) {
    const Json theirs = Json::parse(text);
    if (own || theirs.is_null()) continue;
    StepShape shape{.mode = Mode::kTrain, .input_shapes = {}, .input_dtypes = {}, .weighted = {}};
    for (const auto& dims : theirs.at("shapes"))
      shape.input_shapes.emplace_back(dims.get<std::vector<std::int64_t>>());
    for (const auto& dtype : theirs.at("dtypes"))
      shape.input_dtypes.push_back(static_cast<DType>(dtype.get<int>()));
    shape.weighted = theirs.at("weighted").get<std::vector<bool>>();
    return shape;
  }
  return own.value_or(StepShape{});
}

std::uint64_t RankGroup::digest_of_weights(const Trainer& trainer) const {
  if (alone() || size() == 1) return 0;
  std::uint64_t digest = 0;
  const auto weights = trainer.model().weights();
  for (const auto& weight : weights) {
    const Tensor value = weight->value();
    const auto bytes =
        std::string_view(reinterpret_cast<const char*>(value.bytes()), value.byte_size());
    digest = digest * 1099511628211ULL ^ hash_text(bytes);
  }
  return digest;
}

void RankGroup::share_changed_weights(Trainer& trainer, std::uint64_t before) const {
  if (alone() || size() == 1) return;
  const std::uint64_t own[2] = {before, first() ? digest_of_weights(trainer) : before};
  const auto all = communicator().all_gather({reinterpret_cast<const char*>(own), sizeof own});
  std::uint64_t of_first[2] = {};
  std::memcpy(of_first, all[0].data(), sizeof of_first);
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    std::uint64_t theirs = 0;
    std::memcpy(&theirs, all[rank].data(), sizeof theirs);
    if (theirs == of_first[0]) continue;
    throw Error(make_diagnostic(
        "R001", fmt::format("the weights of ranks 0 and {} differ after the same steps", rank),
        {fmt::format("rank 0: {:016x}", of_first[0]),
         fmt::format("rank {}: {:016x}", rank, theirs)},
        "a callback on rank 0 that changes weights does so at the end of an epoch, not of a step; "
        "otherwise the ranks' processors compute differently"));
  }
  trainer.forget_weight_writes();
  if (of_first[0] == of_first[1]) return;
  backend::Variables& variables = *trainer.training_state().variables();
  share_tensors(communicator(), variables, trainer.model().weights().size());
}

std::vector<BadSample> RankGroup::all_of(const std::vector<BadSample>& bad_samples) const {
  if (alone()) return bad_samples;
  auto own = nlohmann::json::array();
  for (const BadSample& bad : bad_samples) own.push_back(data::bad_sample_to_json(bad));
  std::vector<BadSample> all;
  for (const std::string& text : communicator().all_gather(json_text(own, -1))) {
    for (const auto& each : nlohmann::json::parse(text))
      all.push_back(data::bad_sample_from_json(each));
  }
  return all;
}

void RankGroup::throw_best(const Diagnostic& own, bool found) const {
  if (alone() || size() == 1) throw DataError(own);
  const std::string text =
      (found ? "1" : "0") + dist::failure_text(std::make_exception_ptr(DataError(own)));
  const auto all = communicator().all_gather(text);
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    if (all[rank].front() != '1') continue;
    dist::throw_failure(all[rank].substr(1),
                        fmt::format("it happened on rank {} of {}", rank, size()));
  }
  dist::throw_failure(all[0].substr(1),
                      fmt::format("it happened on all {} ranks together", size()));
}

}  // namespace tenon::train
