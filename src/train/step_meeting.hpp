#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "backend/api/rank_meeting.hpp"
#include "dist/communicator.hpp"
#include "ops/program.hpp"

namespace tenon::train {

/// A place of a step where ranks meet.
struct MeetingOfStep {
  std::string place;
  std::size_t numbers = 0;  ///< That each gives.
};
/// In the order in which a step comes to them: of batch normalization that is synchronized, and of
/// its gradients.
std::vector<MeetingOfStep> meetings_of(const ops::Program& program);

/// The layers of a training step that normalize the rows of each rank by themselves.
std::vector<std::string> unsynchronized_layers(const ops::Program& program);
/// Says so, with the remedy.
void tell_unsynchronized(const std::vector<std::string>& layers, int ranks);

/// What the ranks of a communicator tell each other in one step.
class StepMeeting final : public backend::RankMeeting {
 public:
  /// `share`: this rank's part of the rows. The communicator must outlive it.
  StepMeeting(dist::Communicator& communicator, double share);
  ~StepMeeting() override;
  StepMeeting(const StepMeeting&) = delete;
  StepMeeting& operator=(const StepMeeting&) = delete;

  /// Throws Error (R001) where the ranks are at different places; what Communicator throws.
  std::span<const double> gather(std::string_view place, std::span<const double> own) override;
  double share() const noexcept override { return share_; }

  /// Takes part in all of them without rows.
  void attend(const std::vector<MeetingOfStep>& meetings);

 private:
  dist::Communicator& communicator_;
  dist::Place place_;  ///< Of the step, for messages.
  double share_;
  std::vector<double> all_;
};

}  // namespace tenon::train
