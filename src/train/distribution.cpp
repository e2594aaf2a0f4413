#include "tenon/distribution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/word_error.hpp"
#include "dist/mpi.hpp"
#include "tenon/error.hpp"
#include "train/distribution_maker.hpp"

namespace tenon {

namespace {

void check_learning_rate(const MpiOptions& options) {
  const std::array<std::string, 3> known = {"none", "linear", "sqrt"};
  const std::string& scale = options.scale_learning_rate;
  if (std::ranges::find(known, scale) == known.end())
    throw_word_error("Distribution", "scale_learning_rate = ", scale, known);
  if (scale != "none" && !options.batch_per_rank) {
    throw_argument_error(
        "Distribution",
        fmt::format("scale_learning_rate = {} without batch_per_rank", quote_key(scale)),
        "batch_per_rank, with which a step has more rows for more ranks; without it a step is the "
        "same for any number of them");
  }
  if (options.warmup_steps < 0 || (options.warmup_steps > 0 && scale == "none")) {
    throw_argument_error("Distribution",
                         fmt::format("warmup_steps = {} with scale_learning_rate = {}",
                                     options.warmup_steps, quote_key(scale)),
                         "0, or a learning rate that is scaled (\"linear\", \"sqrt\") to grow to");
  }
}

dist::CommunicatorOptions checked(const MpiOptions& options) {
  dist::CommunicatorOptions chosen;
  if (options.wire == "bfloat16") {
    chosen.wire = dist::Wire::kBFloat16;
  } else if (options.wire != "float32") {
    const std::array<std::string, 2> known = {"float32", "bfloat16"};
    throw_word_error("Distribution", "wire = ", options.wire, known);
  }
  if (!(options.timeout_seconds > 0.0)) {
    throw_argument_error("Distribution",
                         fmt::format("timeout_seconds = {:g}", options.timeout_seconds),
                         "more than 0");
  }
  if (!(options.bucket_megabytes > 0.0 && options.bucket_megabytes <= 1024.0)) {
    throw_argument_error("Distribution",
                         fmt::format("bucket_megabytes = {:g}", options.bucket_megabytes),
                         "more than 0, to 1024");
  }
  check_learning_rate(options);
  chosen.timeout_seconds = options.timeout_seconds;
  return chosen;
}

}  // namespace

Distribution DistributionMaker::make(std::unique_ptr<dist::Transport> transport,
                                     MpiOptions options) {
  Distribution distribution;
  distribution.communicator_ =
      std::make_shared<dist::Communicator>(std::move(transport), checked(options));
  distribution.options_ = std::move(options);
  return distribution;
}

Distribution DistributionMaker::with_options(Distribution distribution, MpiOptions options) {
  distribution.communicator_->set_options(checked(options));
  distribution.options_ = std::move(options);
  return distribution;
}

Distribution Distribution::mpi(MpiOptions options) {
  return DistributionMaker::make(dist::mpi_transport(), std::move(options));
}

bool Distribution::has_mpi() noexcept { return dist::has_mpi(); }
int Distribution::rank() const noexcept { return alone() ? 0 : communicator_->rank(); }
int Distribution::size() const noexcept { return alone() ? 1 : communicator_->size(); }

}  // namespace tenon
