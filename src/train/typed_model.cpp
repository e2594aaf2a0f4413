#include "tenon/typed_model.hpp"

#include <fmt/format.h>

namespace tenon::typed::detail {
namespace {

Schema schema_of(const std::vector<Port>& ports) {
  Schema schema;
  for (const Port& port : ports) schema.add({port.name, port.spec, Role::kData});
  return schema;
}

}  // namespace

void require_ports(const tenon::Model& model, std::span<const DeclaredKey> inputs,
                   std::span<const DeclaredKey> outputs, SourceLocation location) {
  const auto what = [&](const char* ports) {
    return fmt::format("the {} of the typed model `{}`", ports, model.name());
  };
  require_declared(what("inputs"), inputs, schema_of(model.inputs()), location);
  require_declared(what("outputs"), outputs, schema_of(model.outputs()), location);
}

History fit_untyped(tenon::Model& model, const tenon::Dataset& data,
                    const tenon::Dataset* validation, FitArguments&& arguments,
                    SourceLocation location) {
  if (validation != nullptr) arguments.validation_data = *validation;
  return model.fit(data, std::move(arguments), location);
}

Logs evaluate_untyped(tenon::Model& model, const tenon::Dataset& data,
                      EvaluateArguments&& arguments, SourceLocation location) {
  return model.evaluate(data, std::move(arguments), location);
}

PredictResult predict_untyped(tenon::Model& model, const tenon::Dataset& data,
                              PredictArguments&& arguments, SourceLocation location) {
  return model.predict(data, std::move(arguments), location);
}

}  // namespace tenon::typed::detail
