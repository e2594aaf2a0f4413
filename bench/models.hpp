#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tenon/model.hpp"

namespace tenon::bench {

/// What is measured: a model and a batch of data for it, as a user would write them.
struct Subject {
  Model model;
  std::string loss;
  NamedTensors batch;  ///< By key: inputs and targets, rows along axis 0.
};

/// "M0", "M1", …: bench/README.md says what they are.
const std::vector<std::string>& subject_names();

/// Builds a model with drawn weights and draws a batch of `rows` for it. Throws ContractError
/// (A001) for a name that is none of subject_names().
Subject make_subject(const std::string& name, std::int64_t rows = 32);

}  // namespace tenon::bench
