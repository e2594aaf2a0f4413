#include "dist/one_process.hpp"

namespace tenon::dist {
namespace {

class OneProcess final : public Transport {
 public:
  int rank() const noexcept override { return 0; }
  int size() const noexcept override { return 1; }
  int local_size() const noexcept override { return 1; }
  Ticket send(int, int, std::span<const std::byte>) override { return 0; }
  Ticket receive(int, int, std::span<std::byte>) override { return 0; }
  bool done(Ticket) override { return true; }
  void abandon() noexcept override {}
  void announce(const std::string&) override {}
  std::optional<Announcement> heard() override { return std::nullopt; }
  bool was_heard_by(int, double) override { return true; }
};

}  // namespace

std::unique_ptr<Transport> one_process() { return std::make_unique<OneProcess>(); }

}  // namespace tenon::dist
