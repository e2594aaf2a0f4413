// What the machine can do at most, measured beside the contenders and in their protocol: products
// of float32 and bfloat16 matrices by oneDNN, in whatever layout it likes, and copying memory.
//   bench_limits THREADS
//     "block <seconds> float32|mixed_bfloat16" -> "<GFLOP/s, 0 without> <GB/s copied>"
//     "quit"
#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <dnnl.hpp>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Type = dnnl::memory::data_type;

constexpr dnnl::memory::dim kSide = 2048;
constexpr double kOperations = 2.0 * kSide * kSide * kSide;
/// Read and written, together.
constexpr std::size_t kCopiedBytes = std::size_t{176} << 20U;

/// Seconds a call, the median of at least three and as many as `seconds` has room for.
double median_seconds(double seconds, const std::function<void()>& call) {
  std::vector<double> times;
  double total = 0.0;
  while (times.size() < 3 || total < seconds) {
    const Clock::time_point start = Clock::now();
    call();
    times.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    total += times.back();
  }
  std::ranges::sort(times);
  return times[times.size() / 2];
}

dnnl::matmul::primitive_desc describe(const dnnl::memory::desc& x, const dnnl::engine& engine) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine, x, x, x};
#else
  return {dnnl::matmul::desc(x, x, x), engine};
#endif
}

/// A product of two square matrices.
class Product {
 public:
  explicit Product(Type type) : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
    const dnnl::memory::desc any({kSide, kSide}, type, dnnl::memory::format_tag::any);
    const auto description = describe(any, engine_);
    matmul_ = dnnl::matmul(description);
    arguments_ = {{DNNL_ARG_SRC, filled(description.src_desc(), type)},
                  {DNNL_ARG_WEIGHTS, filled(description.weights_desc(), type)},
                  {DNNL_ARG_DST, filled(description.dst_desc(), type)}};
    run();
  }
  void run() {
    matmul_.execute(stream_, arguments_);
    stream_.wait();
  }

 private:
  dnnl::memory filled(const dnnl::memory::desc& description, Type type) {
    dnnl::memory values(description, engine_);
    const std::size_t bytes = description.get_size();
    if (type == Type::f32) {
      std::fill_n(static_cast<float*>(values.get_data_handle()), bytes / 4, 0.5F);
    } else {
      std::fill_n(static_cast<std::uint16_t*>(values.get_data_handle()), bytes / 2, 0x3F00);
    }
    return values;
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  dnnl::matmul matmul_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

/// Reads one half of the bytes and writes the other. Adds 1, or the compiler would call memcpy,
/// which writes past the caches.
class Copy {
 public:
  Copy() : from_(kCopiedBytes / 8, 1.0F), to_(kCopiedBytes / 8) {}
  void run() {
    const float* from = from_.data();
    float* to = to_.data();
    const auto count = static_cast<std::int64_t>(from_.size());
#pragma omp parallel for schedule(static)
    for (std::int64_t i = 0; i < count; ++i) to[i] = from[i] + 1.0F;
  }

 private:
  std::vector<float> from_;
  std::vector<float> to_;
};

bool has_bfloat16() {
  const auto isa = dnnl::get_effective_cpu_isa();
  return isa >= dnnl::cpu_isa::avx512_core_bf16;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) omp_set_num_threads(std::atoi(argv[1]));
  Product float32(Type::f32);
  std::vector<Product> bfloat16;
  if (has_bfloat16()) bfloat16.emplace_back(Type::bf16);
  Copy copy;
  fmt::print("oneDNN {}.{}.{}\n", dnnl::version()->major, dnnl::version()->minor,
             dnnl::version()->patch);
  std::fflush(stdout);
  std::string word;
  std::string precision;
  double seconds = 0.0;
  while (std::cin >> word && word == "block" && std::cin >> seconds >> precision) {
    Product* product = precision == "float32" ? &float32
                       : bfloat16.empty()     ? nullptr
                                              : &bfloat16.front();
    double rate = 0.0;
    if (product != nullptr) {
      rate = 1e-9 * kOperations / median_seconds(seconds / 2.0, [&] { product->run(); });
    }
    const double copied = median_seconds(seconds / 2.0, [&] { copy.run(); });
    fmt::print("{:.1f} {:.2f}\n", rate, 1e-9 * kCopiedBytes / copied);
    std::fflush(stdout);
  }
  return 0;
}
