#pragma once

#include <cstdint>

#include "backend/onednn/kernels/loss.hpp"

namespace tenon::backend::onednn {

/// A sigmoid and its binary cross-entropy, or a softmax over the classes and its categorical one,
/// of probabilities (not from_logits): forward and, where `dx` is not null, backward in one pass.
/// By the logits the gradients need no division: for q = f(x) and targets t, with s = 0 where Keras
/// clips q and 1 elsewhere, that of the sigmoid is s·(q − t), that of the softmax q·Σ s·t − s·t.
/// (Keras divides what a softmax gives by its sum once more, which is 1 but for rounding.)
struct ActivatedLoss {
  LossInputs in;             ///< `prediction` is not read.
  const float* x = nullptr;  ///< The logits (rows, classes).
  float dtotal = 0.0F;
  float* y = nullptr;      ///< The probabilities (rows, classes).
  float* total = nullptr;  ///< Or null.
  float* each = nullptr;   ///< (rows)
  float* dx = nullptr;     ///< (rows, classes), or null.
};

void activated_loss(const ActivatedLoss& loss, int threads);

}  // namespace tenon::backend::onednn
