#pragma once

#include <cstdint>

#include "backend/onednn/kernels/numbers.hpp"
#include "ops/op.hpp"

namespace tenon::backend::onednn {

/// y[i] = f(x[i]); y may be x.
void activation_forward(const ops::ActivationAttributes& attributes, int threads, Numbers x,
                        MutableNumbers y, std::int64_t count);

/// dx[i] = dy[i] · f'; `source` is y where activation_uses_output(attributes), else x. dx may be
/// either input.
void activation_backward(const ops::ActivationAttributes& attributes, int threads, Numbers source,
                         Numbers dy, MutableNumbers dx, std::int64_t count);

/// True for y = x > 0 ? x : slope·x with a slope of 0 or more, which other kernels can take in.
bool is_rectifier(const ops::ActivationAttributes& attributes) noexcept;
/// The slope of one.
float rectifier_slope(const ops::ActivationAttributes& attributes) noexcept;

}  // namespace tenon::backend::onednn
