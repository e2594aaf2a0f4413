#include "backend/api/engine.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <utility>

#include "backend/onednn/cpu.hpp"
#include "backend/onednn/dnnl_bridge.hpp"
#include "backend/onednn/passes.hpp"
#include "backend/onednn/plan.hpp"
#include "backend/onednn/variables.hpp"
#include "tenon/error.hpp"

namespace tenon::backend {
namespace onednn {
namespace {

int thread_count(const CompileOptions& options) {
  if (options.threads < 0) {
    throw EngineError(make_diagnostic("E001",
                                      fmt::format("{} threads are asked for", options.threads),
                                      {"expected: 0 (as many as the machine has cores) or more"}));
  }
  return options.threads == 0 ? omp_get_max_threads() : options.threads;
}

class OnednnEngine final : public Engine {
 public:
  std::string_view name() const noexcept override { return "onednn"; }
  std::string description() const override {
    return fmt::format("oneDNN {}, {}, {} threads", bridge::library_version(),
                       name_of(instruction_set()), omp_get_max_threads());
  }
  std::string obstacle(Precision precision) const override {
    if (precision == Precision::kFloat64) return "the onednn engine has no float64";
    if (precision == Precision::kMixedBFloat16 && !has_bfloat16()) {
      return fmt::format(
          "the processor ({}) has no AVX512_BF16, or DNNL_MAX_CPU_ISA forbids it; emulated, "
          "bfloat16 "
          "would be slower than float32",
          name_of(instruction_set()));
    }
    return {};
  }

  std::vector<PassDescription> passes() const override {
    std::vector<PassDescription> list;
    for (const Pass& pass : onednn::passes()) {
      list.push_back({std::string(pass.name), std::string(pass.purpose)});
    }
    return list;
  }

  std::shared_ptr<Variables> create_variables(std::vector<VariableSpec> specs) const override {
    return std::make_shared<OnednnVariables>(std::move(specs));
  }

  std::unique_ptr<Plan> compile(const ops::Program& program, std::shared_ptr<Variables> variables,
                                const CompileOptions& options) const override {
    if (!supports(options.precision)) {
      throw EngineError(make_diagnostic("E001", obstacle(options.precision), {},
                                        "compile with float32, or with the reference engine"));
    }
    auto own = std::dynamic_pointer_cast<OnednnVariables>(variables);
    if (variables != nullptr && own == nullptr) {
      throw EngineError(make_diagnostic(
          "E001", "the variables were made by another engine than `onednn`", {},
          "make them with create_variables of the engine that compiles the program"));
    }
    ops::validate(program);
    CompileOptions settled = options;
    settled.threads = thread_count(options);
    return std::make_unique<OnednnPlan>(program, std::move(own), settled);
  }
};

}  // namespace
}  // namespace onednn

const Engine& onednn_engine() {
  static const onednn::OnednnEngine engine;
  return engine;
}

bool has_onednn_engine() noexcept { return true; }

}  // namespace tenon::backend
