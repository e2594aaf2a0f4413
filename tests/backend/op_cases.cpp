#include "op_cases.hpp"

#include <cctype>
#include <ostream>
#include <utility>

#include "tenon/random.hpp"

namespace tenon::backend::cases {
namespace {

/// FNV-1a: the same values for a case whatever stands before it in the table.
std::uint64_t seed_of(const std::string& case_name, const std::string& input_name) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : case_name + "|" + input_name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  }
  return hash;
}

Tensor values_of(const std::string& case_name, const InputSpec& spec) {
  const std::uint64_t seed = seed_of(case_name, spec.name);
  if (spec.dtype == DType::kFloat32) {
    return random_uniform(spec.shape, seed, spec.low, spec.high);
  }
  return random_integers(spec.shape, seed, static_cast<std::int64_t>(spec.low),
                         static_cast<std::int64_t>(spec.high))
      .cast(spec.dtype);
}

Tensor identity(std::int64_t size) {
  Tensor matrix(DType::kFloat32, Shape{size, size});
  for (std::int64_t i = 0; i < size; ++i) {
    matrix.data<float>()[static_cast<std::size_t>(i * size + i)] = 1.0F;
  }
  return matrix;
}

/// `value` times the identity.
ops::ValueId through_product(ops::Builder& builder, CaseProgram& result, ops::ValueId value) {
  const Shape shape = builder.shape(value);
  const std::int64_t columns = shape.rank() == 0 ? 1 : shape.dim(-1);
  const std::string name = "identity/" + std::to_string(result.inputs.size());
  const ops::ValueId kernel = builder.input(name, DType::kFloat32, {columns, columns});
  result.inputs.push_back(identity(columns));
  const auto reshape = [&](ops::ValueId from, const Shape& to) {
    return builder.apply(ops::OpKind::kReshape, ops::ShapeAttributes{to}, {from}, name);
  };
  const ops::ValueId rows = reshape(value, {shape.element_count() / columns, columns});
  const ops::ValueId product =
      builder.apply(ops::OpKind::kDense, ops::NoAttributes{}, {rows, kernel}, name);
  return reshape(product, shape);
}

/// `values` become those of the inputs and variables.
CaseOutputs build(const OpCase& op_case, Surroundings surroundings, ops::Builder& builder,
                  CaseProgram& result, std::vector<ops::ValueId>& values) {
  for (const InputSpec& spec : op_case.inputs) {
    values.push_back(builder.input(spec.name, spec.dtype, spec.shape));
    result.inputs.push_back(values_of(op_case.name, spec));
  }
  for (std::size_t slot = 0; slot < op_case.variables.size(); ++slot) {
    const InputSpec& spec = op_case.variables[slot];
    values.push_back(
        builder.variable(static_cast<std::int32_t>(slot), spec.name, spec.shape, spec.dtype));
    result.variable_specs.push_back({spec.name, spec.shape, spec.dtype});
    result.variables.push_back(values_of(op_case.name, spec));
  }
  if (surroundings == Surroundings::kNone) return op_case.build(builder, values);
  std::vector<ops::ValueId> inner = values;
  for (std::size_t i = 0; i < op_case.inputs.size(); ++i) {
    const InputSpec& spec = op_case.inputs[i];
    if (!spec.differentiable || spec.dtype != DType::kFloat32) continue;
    inner[i] = through_product(builder, result, values[i]);
  }
  CaseOutputs outputs = op_case.build(builder, inner);
  for (ops::ValueId& output : outputs.differentiable) {
    if (builder.dtype(output) == DType::kFloat32) {
      output = through_product(builder, result, output);
    }
  }
  return outputs;
}

/// Σ outputs · weights, the weights being further inputs.
ops::ValueId append_loss(const OpCase& op_case, const std::vector<ops::ValueId>& outputs,
                         ops::Builder& builder, CaseProgram& result) {
  std::vector<ops::ValueId> terms;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const InputSpec spec{.name = "weight/" + std::to_string(i), .shape = builder.shape(outputs[i])};
    const ops::ValueId weight = builder.input(spec.name, builder.dtype(outputs[i]), spec.shape);
    result.inputs.push_back(values_of(op_case.name, spec).cast(builder.dtype(outputs[i])));
    const ops::ValueId product =
        builder.apply(ops::OpKind::kMultiply, ops::NoAttributes{}, {outputs[i], weight}, "loss");
    terms.push_back(
        builder.apply(ops::OpKind::kReduceSum, ops::ShapeAttributes{Shape{}}, {product}, "loss"));
  }
  return terms.size() == 1 ? terms[0]
                           : builder.apply(ops::OpKind::kAddN, ops::NoAttributes{}, terms, "loss");
}

}  // namespace

std::string test_name(const ::testing::TestParamInfo<OpCase>& info) {
  std::string name = info.param.name;
  for (char& c : name) {
    c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  }
  return name;
}

void PrintTo(const OpCase& op_case, std::ostream* stream) { *stream << op_case.name; }

bool is_differentiable(const OpCase& op_case) {
  CaseProgram scratch;
  ops::Builder builder(scratch.program);
  std::vector<ops::ValueId> values;
  return !build(op_case, Surroundings::kNone, builder, scratch, values).differentiable.empty();
}

CaseProgram forward_program(const OpCase& op_case, Surroundings surroundings) {
  CaseProgram result;
  ops::Builder builder(result.program);
  std::vector<ops::ValueId> values;
  CaseOutputs outputs = build(op_case, surroundings, builder, result, values);
  std::vector<ops::ValueId> all = std::move(outputs.differentiable);
  all.insert(all.end(), outputs.others.begin(), outputs.others.end());
  for (std::size_t i = 0; i < all.size(); ++i) {
    builder.output("y/" + std::to_string(i), all[i]);
  }
  return result;
}

CaseProgram gradient_program(const OpCase& op_case, Surroundings surroundings) {
  CaseProgram result;
  ops::Builder builder(result.program);
  std::vector<ops::ValueId> values;
  const CaseOutputs outputs = build(op_case, surroundings, builder, result, values);
  const ops::ValueId loss = append_loss(op_case, outputs.differentiable, builder, result);
  builder.output("loss", loss);
  std::vector<ops::ValueId> targets;
  for (std::size_t i = 0; i < op_case.inputs.size(); ++i) {
    if (op_case.inputs[i].differentiable) {
      targets.push_back(values[i]);
      result.differentiated.push_back(i);
    }
  }
  const std::vector<ops::ValueId> gradients = append_gradients(result.program, loss, targets);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    builder.output("gradient/" + op_case.inputs[result.differentiated[i]].name, gradients[i]);
  }
  return result;
}

StepNumbers case_numbers() { return {.learning_rate = 0.1F, .iteration = 3, .seed = 42}; }

std::vector<Tensor> run_case(const Engine& engine, const CaseProgram& program,
                             const CompileOptions& options) {
  auto variables = engine.create_variables(program.variable_specs);
  for (std::size_t slot = 0; slot < program.variables.size(); ++slot) {
    variables->write(static_cast<std::int32_t>(slot), program.variables[slot]);
  }
  const auto plan = engine.compile(program.program, variables, options);
  for (std::size_t i = 0; i < program.inputs.size(); ++i) {
    plan->bind_input(i, program.inputs[i]);
  }
  plan->run(case_numbers());
  std::vector<Tensor> results;
  for (std::size_t i = 0; i < program.program.outputs.size(); ++i) {
    results.push_back(plan->output(i).clone());
  }
  for (std::size_t slot = 0; slot < program.variables.size(); ++slot) {
    results.push_back(variables->read(static_cast<std::int32_t>(slot)));
  }
  return results;
}

OpCase simple_case(std::string name, ops::OpKind kind, ops::Attributes attributes,
                   std::vector<InputSpec> inputs, std::vector<InputSpec> variables) {
  auto build_op = [kind, attributes = std::move(attributes)](
                      ops::Builder& builder, const std::vector<ops::ValueId>& values) {
    const std::vector<ops::ValueId> made = builder.append(kind, attributes, values, "case");
    CaseOutputs outputs;
    for (const ops::ValueId id : made) {
      if (id == ops::kNoValue || builder.program().value(id).opaque) {
        continue;
      }
      (outputs.differentiable.empty() ? outputs.differentiable : outputs.others).push_back(id);
    }
    return outputs;
  };
  return {std::move(name), kind, std::move(inputs), std::move(variables), std::move(build_op)};
}

std::vector<OpCase> op_cases() {
  std::vector<OpCase> all;
  for (auto* family : {image_cases, element_cases, shape_cases, loss_cases, update_cases}) {
    for (OpCase& one : family()) {
      all.push_back(std::move(one));
    }
  }
  return all;
}

}  // namespace tenon::backend::cases
