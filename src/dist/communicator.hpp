#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dist/transport.hpp"

namespace tenon::dist {

/// What numbers are sent as. Sums are float32 in either.
enum class Wire : std::uint8_t { kFloat32, kBFloat16 };

struct CommunicatorOptions {
  Wire wire = Wire::kFloat32;
  double timeout_seconds = 300.0;  ///< The longest that one rank waits for another.
  /// Ranks of one machine may add up their numbers in memory that all of them see (sum.hpp).
  bool shared_memory = true;
  /// … and then divide the updates of weights between them.
  bool divided_updates = true;
};

/// Where a run is, for messages.
struct Place {
  std::string stage = "start";  ///< "gradients", "validation": what it is about to do together.
  std::int64_t epoch = -1;      ///< From 0; below 0: in none.
  std::int64_t step = -1;
};

class Reduction;
struct ReductionSpace;

/// What ranks do together. All ranks call the same functions in the same order, from one thread
/// (with MPI the one that called fit; MPI is asked for MPI_THREAD_SERIALIZED).
///
/// Sums are the same bits on every rank and in every run, whatever arrives first: each number
/// belongs to one rank, which adds what the ranks sent in the order of their numbers, 0 first, in
/// the numbers' own type, and sends the sum to all. How numbers are grouped does not change them.
///
/// Waiting: who waits for a rank longer than the timeout throws Error (R002) that names it, the
/// step and the stage. Who fails calls fail(): the others throw that rank's diagnostics from
/// whatever they wait in.
class Communicator {
 public:
  explicit Communicator(std::unique_ptr<Transport> transport, CommunicatorOptions options = {});
  ~Communicator();
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  int rank() const noexcept { return transport_->rank(); }
  int size() const noexcept { return transport_->size(); }
  int local_size() const noexcept { return transport_->local_size(); }
  const CommunicatorOptions& options() const noexcept { return options_; }
  void set_options(const CommunicatorOptions& options) { options_ = options; }
  void at(Place place) { place_ = std::move(place); }
  const Place& place() const noexcept { return place_; }

  /// From `root` to all, in place.
  void broadcast(std::span<std::byte> bytes, int root = 0);
  /// … of a length that only `root` knows.
  std::string broadcast(std::string text, int root = 0);
  /// What each rank gave, by rank; lengths may differ.
  std::vector<std::string> all_gather(std::string_view bytes);
  /// … at `root`; nothing on the others. The longest wait is for one piece of one rank's bytes.
  std::vector<std::string> gather(std::string_view bytes, int root = 0);
  void all_reduce(std::span<float> values);
  void all_reduce(std::span<double> values);
  /// Returns once all ranks have come here.
  void barrier() { all_gather({}); }

  /// Begins to sum `values` over the ranks, in place, as the wire says; they must not be touched
  /// until the reduction is done. `bucket` names it: below 2^12, and the same on all ranks, which
  /// may begin theirs in any order. progress() moves all that have begun. `weights`: what the
  /// numbers of each rank are multiplied by before they are added, by rank, alike on all; empty: 1.
  std::shared_ptr<Reduction> begin_reduction(std::span<float> values, int bucket,
                                             std::span<const float> weights = {});
  void progress();
  void wait(Reduction& reduction);
  /// Waits until `done`, which never waits itself, for whom `waits_for` names; throws as said
  /// above.
  void wait_until(const std::function<bool()>& done, const std::function<int()>& waits_for);

  /// Tells the other ranks that this one ends, and why. Later calls do nothing; nor do they where
  /// the reason came from another rank.
  void fail(const std::exception_ptr& why) noexcept;
  bool failed() const noexcept { return failed_; }
  /// Of a run that failed: whether rank 0 knows why, waited for at most `seconds`.
  bool first_rank_knows(double seconds);

 private:
  friend class Reduction;
  void wait_for(Ticket ticket, int rank);
  void throw_what_was_heard();
  [[noreturn]] void throw_timeout(int rank);

  std::unique_ptr<Transport> transport_;
  CommunicatorOptions options_;
  Place place_;
  std::vector<std::weak_ptr<Reduction>> active_;
  std::map<int, std::shared_ptr<ReductionSpace>> spaces_;  ///< By bucket.
  bool failed_ = false;
  bool told_ = false;  ///< By another rank.
};

}  // namespace tenon::dist
