#pragma once

#include <string>
#include <vector>

#include "tenon/model.hpp"

namespace tenon::train {

/// The arguments of compile() in the layout of Keras's compile_config (JSON), with the learning
/// rate as it is now. Metrics that Keras does not have (per_class_recall), the engine, precision
/// and threads are left out. Throws ContractError (A001) where the model is not compiled.
std::string compile_config_json(const Model& model);

/// Reads Keras's compile_config. Objects go by their class_name; their module is not looked at.
/// `output_names`: of the model, for lists that Keras binds by position. Throws ContractError
/// (A001) for an optimizer, loss, metric or argument that Tenon does not have, FormatError (F001)
/// for text that is no such JSON.
CompileArguments compile_arguments_from_json(const std::string& text,
                                             const std::vector<std::string>& output_names = {});

}  // namespace tenon::train
