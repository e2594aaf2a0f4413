#include "graph/model_object.hpp"
#include "tenon/model.hpp"
#include "train/trainer.hpp"

namespace tenon {

void Model::compile(CompileArguments arguments, SourceLocation /*location*/) {
  const std::string precision = arguments.precision;
  set_trainer(std::make_shared<train::Trainer>(*this, std::move(arguments)));
  if (!precision.empty()) object()->set_dtype_policy(precision);
}

bool Model::compiled() const noexcept { return trainer() && trainer()->compiled(); }

}  // namespace tenon
