#include "train/step_meeting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <variant>

#include "tenon/error.hpp"
#include "tenon/message.hpp"

namespace tenon::train {
namespace {

/// nullptr where the node takes no statistics of a batch.
const ops::NormalizationAttributes* statistics_of(const ops::Node& node) {
  const bool taken = node.kind == ops::OpKind::kBatchNormalizationTraining ||
                     node.kind == ops::OpKind::kBatchNormalizationBackward;
  return taken ? &std::get<ops::NormalizationAttributes>(node.attributes) : nullptr;
}

[[noreturn]] void throw_apart(const std::string& first, const std::string& other,
                              std::size_t rank) {
  throw Error(make_diagnostic(
      "R001", fmt::format("ranks 0 and {} are not at the same place of a step", rank),
      {fmt::format("rank 0: {}", first), fmt::format("rank {}: {}", rank, other)},
      "start every rank from the same program, with the same model"));
}

}  // namespace

std::vector<MeetingOfStep> meetings_of(const ops::Program& program) {
  std::vector<MeetingOfStep> meetings;
  for (const ops::Node& node : program.nodes) {
    const auto* attributes = statistics_of(node);
    if (attributes == nullptr || !attributes->synchronized) continue;
    const std::int64_t channels = program.value(node.inputs[0]).shape.dim(-1);
    meetings.push_back({node.name, backend::rank_sums_size(static_cast<std::size_t>(channels))});
  }
  return meetings;
}

std::vector<std::string> unsynchronized_layers(const ops::Program& program) {
  std::vector<std::string> layers;
  for (const ops::Node& node : program.nodes) {
    if (node.kind == ops::OpKind::kBatchNormalizationTraining &&
        !std::get<ops::NormalizationAttributes>(node.attributes).synchronized)
      layers.push_back(node.name);
  }
  return layers;
}

void tell_unsynchronized(const std::vector<std::string>& layers, int ranks) {
  if (layers.empty()) return;
  constexpr std::size_t kMostNamed = 5;
  std::vector<std::string> notes(
      layers.begin(),
      layers.begin() + static_cast<std::ptrdiff_t>(std::min(layers.size(), kMostNamed)));
  if (layers.size() > kMostNamed)
    notes.push_back(fmt::format("… and {} more", layers.size() - kMostNamed));
  Diagnostic note = make_diagnostic(
      "R001",
      fmt::format("{} layer{} of batch normalization: each of {} ranks normalizes its own rows",
                  layers.size(), layers.size() == 1 ? "" : "s", ranks),
      std::move(notes),
      "BatchNormalization with synchronized = true normalizes the rows of all ranks together, as "
      "one process does");
  note.severity = Severity::kNote;
  emit(note);
}

StepMeeting::StepMeeting(dist::Communicator& communicator, double share)
    : communicator_(communicator), place_(communicator.place()), share_(share) {}

StepMeeting::~StepMeeting() { communicator_.at(std::move(place_)); }

std::span<const double> StepMeeting::gather(std::string_view place, std::span<const double> own) {
  communicator_.at({fmt::format("the statistics of {}", place), place_.epoch, place_.step});
  std::string message(place);
  message.push_back('\0');
  const std::size_t head = message.size();
  message.append(reinterpret_cast<const char*>(own.data()), own.size_bytes());
  const std::vector<std::string> theirs = communicator_.all_gather(message);
  const auto name_of = [](const std::string& text) { return text.substr(0, text.find('\0')); };
  all_.resize(own.size() * theirs.size());
  for (std::size_t rank = 0; rank < theirs.size(); ++rank) {
    const std::string first = name_of(theirs.front());
    const std::string other = name_of(theirs[rank]);
    if (first != other || theirs[rank].size() != theirs.front().size())
      throw_apart(first, other, rank);
    std::memcpy(all_.data() + rank * own.size(), theirs[rank].data() + head, own.size_bytes());
  }
  return all_;
}

void StepMeeting::attend(const std::vector<MeetingOfStep>& meetings) {
  for (const MeetingOfStep& meeting : meetings)
    gather(meeting.place, std::vector<double>(meeting.numbers, 0.0));
}

}  // namespace tenon::train
