#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tenon/tensor.hpp"

namespace tenon::backend::goldens {

/// What real Keras computed, piece by piece: ../shared/fixtures/keras, beside the sources.
bool available();
inline constexpr const char* kSkipReason =
    "skipped: no ../shared/fixtures/keras/golden.npz beside the sources";

/// golden.json: configurations of layers, losses and optimizers.
const nlohmann::json& index();
/// An array of golden.npz ("L3_x0"). Throws std::out_of_range if there is none.
const Tensor& tensor(const std::string& name);
bool has(const std::string& name);

/// Fails the current test where |actual − expected| > tolerance · max(1, |expected|); float32 both.
void expect_near(const Tensor& actual, const Tensor& expected, double tolerance,
                 const std::string& what);

}  // namespace tenon::backend::goldens
