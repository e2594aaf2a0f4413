#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "backend/api/engine.hpp"

namespace tenon::testing {

/// A test that runs once per engine that was built in.
class OnEveryEngine : public ::testing::TestWithParam<std::string> {};

inline std::vector<std::string> engines_under_test() {
  std::vector<std::string> names{"reference"};
  if (backend::has_onednn_engine()) names.emplace_back("onednn");
  return names;
}

}  // namespace tenon::testing

#define TENON_ON_EVERY_ENGINE(suite)                                                    \
  INSTANTIATE_TEST_SUITE_P(Engines, suite,                                              \
                           ::testing::ValuesIn(::tenon::testing::engines_under_test()), \
                           [](const auto& parameter) { return parameter.param; })
