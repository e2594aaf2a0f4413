#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "backend/api/engine.hpp"
#include "ops/program.hpp"
#include "tenon/tensor.hpp"

namespace tenon::backend::cases {

/// An input of a case, filled evenly from [low, high) by a seed made of the case's and its name.
struct InputSpec {
  std::string name;
  Shape shape;
  float low = -1.0F;
  float high = 1.0F;
  bool differentiable = true;
  DType dtype = DType::kFloat32;  ///< kFloat32, or kInt32 for class ids in [low, high).
};

/// What a case's op gives: gradients flow back from `differentiable` only.
struct CaseOutputs {
  std::vector<ops::ValueId> differentiable;
  std::vector<ops::ValueId> others;
};

/// One op with attributes and shapes, to be run on every engine and compared with the reference.
struct OpCase {
  std::string name;  ///< "convolution/stride_2_same"
  ops::OpKind kind = ops::OpKind::kCount;
  std::vector<InputSpec> inputs;
  std::vector<InputSpec> variables;  ///< In slots 0, 1, …; updated in place by the op.
  /// Appends the op. The values are those of `inputs`, then those of `variables`.
  std::function<CaseOutputs(ops::Builder&, const std::vector<ops::ValueId>&)> build;
};

/// Of the gtest parameter: "convolution_stride_2_same", and as a line of a failure.
std::string test_name(const ::testing::TestParamInfo<OpCase>& info);
void PrintTo(const OpCase& op_case, std::ostream* stream);

/// Every op has at least one; a test holds that.
std::vector<OpCase> op_cases();

/// A program with the tensors that its inputs and variables start from, in order.
struct CaseProgram {
  ops::Program program;
  std::vector<Tensor> inputs;
  std::vector<VariableSpec> variable_specs;
  std::vector<Tensor> variables;
  /// Positions in `inputs` whose gradients are outputs "gradient/<name>"; empty for a forward one.
  std::vector<std::size_t> differentiated;
};

/// kBetweenProducts: each differentiable input of the op comes out of a dense layer whose kernel is
/// the identity, and each differentiable output goes into one, so that in mixed bfloat16 both are
/// bfloat16.
enum class Surroundings { kNone, kBetweenProducts };

/// The op alone; outputs "y/0", "y/1", … (the differentiable ones first).
CaseProgram forward_program(const OpCase& op_case, Surroundings surroundings = Surroundings::kNone);

/// True if gradient_program can be made of it.
bool is_differentiable(const OpCase& op_case);

/// The op, the scalar output "loss" = Σ (outputs · further inputs "weight/<i>"), and the outputs
/// "gradient/<input>". Only where is_differentiable.
CaseProgram gradient_program(const OpCase& op_case,
                             Surroundings surroundings = Surroundings::kNone);

/// Runs `program` on `engine` and gives all outputs, then the variables after the run.
std::vector<Tensor> run_case(const Engine& engine, const CaseProgram& program,
                             const CompileOptions& options = {});

/// The numbers that run_case runs with.
StepNumbers case_numbers();

// The families, in op_cases_<family>.cpp.
std::vector<OpCase> image_cases();
std::vector<OpCase> element_cases();
std::vector<OpCase> shape_cases();
std::vector<OpCase> loss_cases();
std::vector<OpCase> update_cases();

/// A case of an op of which all inputs are `inputs` and `variables`, in order; all outputs but the
/// first are not differentiated.
OpCase simple_case(std::string name, ops::OpKind kind, ops::Attributes attributes,
                   std::vector<InputSpec> inputs, std::vector<InputSpec> variables = {});

}  // namespace tenon::backend::cases
