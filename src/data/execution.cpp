#include "data/execution.hpp"

#include "tenon/random.hpp"

namespace tenon::data {

std::int64_t random_epoch(std::int64_t epoch, std::uint64_t pass) {
  if (pass == 0) return epoch;
  return static_cast<std::int64_t>(mix(static_cast<std::uint64_t>(epoch), pass));
}

}  // namespace tenon::data
