#pragma once

#include "backend/reference/kernel.hpp"

namespace tenon::backend::reference {

/// kLoss of Dice and Tversky, and its gradient: quotients of sums over the attributes' axes.
/// Defined for float and double.
template <class T>
void overlap_loss(const KernelContext& context);
template <class T>
void overlap_loss_backward(const KernelContext& context);

}  // namespace tenon::backend::reference
