#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tenon::dist {

/// A message on its way; its memory must stay as it is until done() says so.
using Ticket = std::int64_t;

/// Messages between the processes ("ranks") of one run. Two messages from one rank to another with
/// the same tag arrive in the order in which they were sent. One thread at a time: the one that
/// runs the training. Throws Error (R002) where the connection is lost.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual int rank() const noexcept = 0;
  virtual int size() const noexcept = 0;
  /// How many of the ranks run on this machine.
  virtual int local_size() const noexcept = 0;

  virtual Ticket send(int to, int tag, std::span<const std::byte> bytes) = 0;
  /// A message of just so many bytes.
  virtual Ticket receive(int from, int tag, std::span<std::byte> bytes) = 0;
  /// True once, then the ticket is gone. Also moves other messages on.
  virtual bool done(Ticket ticket) = 0;

  /// Forgets all tickets, so that what they received into can go.
  virtual void abandon() noexcept = 0;

  /// Beside all other messages: to each other rank, whatever that waits for.
  virtual void announce(const std::string& text) = 0;
  /// What another rank announced, and which.
  struct Announcement {
    int from = 0;
    std::string text;
  };
  virtual std::optional<Announcement> heard() = 0;
  /// Waits at most so long until `to` has heard what was announced; true if it has.
  virtual bool was_heard_by(int to, double seconds) = 0;
};

}  // namespace tenon::dist
