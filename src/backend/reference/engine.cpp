#include "backend/api/engine.hpp"

#include <fmt/format.h>

#include <utility>

#include "backend/reference/plan.hpp"
#include "backend/reference/variables.hpp"
#include "tenon/error.hpp"

namespace tenon::backend {
namespace reference {
namespace {

class ReferenceEngine final : public Engine {
 public:
  std::string_view name() const noexcept override { return "reference"; }
  std::string description() const override { return "reference: plain loops, 1 thread"; }
  std::string obstacle(Precision /*precision*/) const override { return {}; }

  std::shared_ptr<Variables> create_variables(std::vector<VariableSpec> specs) const override {
    return std::make_shared<ReferenceVariables>(std::move(specs));
  }

  std::unique_ptr<Plan> compile(const ops::Program& program, std::shared_ptr<Variables> variables,
                                const CompileOptions& options) const override {
    auto own = std::dynamic_pointer_cast<ReferenceVariables>(variables);
    if (variables != nullptr && own == nullptr) {
      throw EngineError(make_diagnostic(
          "E001", "the variables were made by another engine than `reference`", {},
          "make them with create_variables of the engine that compiles the program"));
    }
    ops::validate(program);
    return std::make_unique<ReferencePlan>(program, std::move(own), options);
  }
};

}  // namespace
}  // namespace reference

const Engine& reference_engine() {
  static const reference::ReferenceEngine engine;
  return engine;
}

}  // namespace tenon::backend
