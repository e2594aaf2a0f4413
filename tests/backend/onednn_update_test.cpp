// What the updates of the oneDNN engine do at the edges of float.
#include <gmock/gmock.h>

#include <cmath>

#include "onednn_compare.hpp"

namespace tenon::backend {
namespace {

using OnednnUpdate = cases::OnednnTest;

/// The slots of a weight that gets no gradient any more shrink until they are too small for a
/// normal float, and would stay there, where arithmetic is a hundred times slower.
TEST_F(OnednnUpdate, AdamsSlotsDoNotStayDenormal) {
  ops::Program program;
  ops::Builder builder(program);
  const Shape shape{64};
  const ops::ValueId gradient = builder.input("gradient", DType::kFloat32, shape);
  std::vector<VariableSpec> specs;
  std::vector<ops::ValueId> ports;
  for (const char* name : {"w", "m", "v"}) {
    ports.push_back(builder.variable(static_cast<std::int32_t>(specs.size()), name, shape));
    specs.push_back({name, shape});
  }
  ports.insert(ports.begin() + 1, gradient);
  builder.append(ops::OpKind::kAdamUpdate, ops::OptimizerAttributes{}, ports, "update");
  const auto variables = onednn_engine().create_variables(specs);
  Tensor tiny(DType::kFloat32, shape);
  for (float& value : tiny.data<float>()) value = 1e-40F;
  variables->write(1, tiny);
  variables->write(2, tiny);
  const auto plan = onednn_engine().compile(program, variables);
  plan->bind_input(0, Tensor(DType::kFloat32, shape));
  plan->run({.learning_rate = 1e-3F});
  for (const std::int32_t slot : {1, 2}) {
    const Tensor left = variables->read(slot);
    for (const float value : left.data<float>()) {
      EXPECT_NE(std::fpclassify(value), FP_SUBNORMAL) << specs[static_cast<std::size_t>(slot)].name;
    }
  }
  EXPECT_EQ(std::fpclassify(tiny.data<float>()[0] * 0.5F), FP_SUBNORMAL)
      << "the calling thread's arithmetic was changed";
}

}  // namespace
}  // namespace tenon::backend
