#include "train/callbacks/save_frequency.hpp"

#include <fmt/format.h>

#include <charconv>

#include "tenon/error.hpp"

namespace tenon::train {

SaveFrequency::SaveFrequency(std::string_view callback, const std::string& save_freq) {
  if (save_freq == "epoch") return;
  std::int64_t number = 0;
  const char* end = save_freq.data() + save_freq.size();
  const auto [stop, error] = std::from_chars(save_freq.data(), end, number);
  const bool is_number = error == std::errc() && number > 0;
  if (is_number && stop == end) {
    steps_ = number;
  } else if (is_number && std::string_view(stop, end) == "s") {
    seconds_ = static_cast<double>(number);
  } else {
    throw_argument_error(
        std::string(callback), fmt::format("save_freq is {}", quote_key(save_freq)),
        R"("epoch", a number of steps such as "100", or of seconds such as "60s")");
  }
}

bool SaveFrequency::step() {
  ++done_;
  return (steps_ > 0 && done_ % steps_ == 0) ||
         (seconds_ > 0.0 && since_saved_.seconds() >= seconds_);
}

void SaveFrequency::restart(std::int64_t done) {
  done_ = done;
  since_saved_.restart();
}

std::optional<StepPeriod> SaveFrequency::period() const {
  if (steps_ == 0) return std::nullopt;
  return StepPeriod{steps_, done_};
}

}  // namespace tenon::train
