#include <limits>

#include "dist/reduction.hpp"
#include "dist/sum.hpp"

namespace tenon::dist {
namespace {

class MessageSum final : public Sum {
 public:
  explicit MessageSum(Communicator& communicator) : communicator_(communicator) {}

  Tensor memory(std::size_t, std::size_t) override { return {}; }
  std::size_t useful_bytes() const noexcept override {
    return std::numeric_limits<std::size_t>::max();
  }
  void begin(std::vector<float> weights, const Areas&) override {
    weights_ = std::move(weights);
    reductions_.clear();
  }
  void give(std::size_t, std::span<float> values) override {
    const int bucket = static_cast<int>(reductions_.size());
    reductions_.push_back(communicator_.begin_reduction(values, bucket, weights_));
    communicator_.progress();
  }
  void progress() override { communicator_.progress(); }
  bool finish() override {
    for (const auto& reduction : reductions_) communicator_.wait(*reduction);
    reductions_.clear();
    return false;
  }

 private:
  Communicator& communicator_;
  std::vector<float> weights_;
  std::vector<std::shared_ptr<Reduction>> reductions_;
};

}  // namespace

std::unique_ptr<Sum> message_sum(Communicator& communicator) {
  return std::make_unique<MessageSum>(communicator);
}

std::unique_ptr<Sum> make_sum(Communicator& communicator) {
  auto sum = machine_sum(communicator);
  return sum ? std::move(sum) : message_sum(communicator);
}

}  // namespace tenon::dist
