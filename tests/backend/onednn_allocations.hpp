#pragma once

namespace tenon::backend {

struct Allocations {
  long own = 0;                ///< Calls of operator new, not from within oneDNN.
  long largest_of_onednn = 0;  ///< Bytes; it makes a small map whenever it runs a primitive.
};

/// Counts what operator new gives, in all threads, from its construction until stop().
class AllocationCounter {
 public:
  AllocationCounter();
  ~AllocationCounter();
  Allocations stop();
};

}  // namespace tenon::backend
