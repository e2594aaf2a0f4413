#include "train/judge_alike.hpp"

#include <exception>

#include "tenon/error.hpp"

namespace tenon::train {

void judge_alike(const RankGroup& ranks, const std::function<void()>& judge) {
  try {
    judge();
  } catch (...) {
    const std::exception_ptr own = std::current_exception();
    try {
      ranks.communicator().barrier();
    } catch (const Error&) {  // Another rank has ended with the same already.
    }
    std::rethrow_exception(own);
  }
}

}  // namespace tenon::train
