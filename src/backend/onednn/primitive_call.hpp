#pragma once

#include <vector>

#include "backend/onednn/dnnl_bridge.hpp"

namespace tenon::backend::onednn {

/// A primitive with its arguments, made ready once: dnnl.hpp's execute() builds a map per call.
class PrimitiveCall {
 public:
  PrimitiveCall(dnnl::primitive primitive, dnnl::stream stream)
      : primitive_(std::move(primitive)), stream_(std::move(stream)) {}

  void add(int kind, const dnnl::memory& memory) {
    memories_.push_back(memory);
    arguments_.push_back({kind, memory.get()});
  }
  void operator()() const;

 private:
  dnnl::primitive primitive_;
  dnnl::stream stream_;
  std::vector<dnnl::memory> memories_;  // keeps the handles alive
  std::vector<dnnl_exec_arg_t> arguments_;
};

}  // namespace tenon::backend::onednn
