#include "tenon/model.hpp"
#include "train/trainer.hpp"

namespace tenon {

void Model::compile(CompileArguments arguments, SourceLocation /*location*/) {
  set_trainer(std::make_shared<train::Trainer>(*this, std::move(arguments)));
}

bool Model::compiled() const noexcept { return trainer() && trainer()->compiled(); }

}  // namespace tenon
