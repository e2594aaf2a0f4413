#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tenon/static.hpp"
#include "tenon/tenon.hpp"

/// What the fragments of the docs find ready-made.
namespace tenon::docs {

inline Model one_input() {
  auto small = Input({32, 32, 3}, {.name = "Small"});
  auto x = GlobalAveragePooling2D()(Conv2D(4, {3, 3}, {.activation = "relu"})(small));
  return Model(small, Dense(1, {.activation = "sigmoid", .name = "label"})(x),
               {.name = "one_input"});
}

inline Model two_inputs() {
  auto small = Input({32, 32, 3}, {.name = "Small"});
  auto large = Input({64, 64, 3}, {.name = "Large"});
  auto a = GlobalAveragePooling2D()(Conv2D(4, {3, 3}, {.activation = "relu"})(small));
  auto b = GlobalAveragePooling2D()(Conv2D(4, {3, 3}, {.activation = "relu"})(large));
  auto label = Dense(1, {.activation = "sigmoid", .name = "label"})(Concatenate()({a, b}));
  return Model({small, large}, label, {.name = "two_inputs"});
}

/// Runs `body`, which must be answered with a diagnostic of `code`: thrown, or told to the sink.
inline void expect_code(const std::string& code, const std::function<void()>& body) {
  std::vector<std::string> codes;
  MessageSink before =
      set_message_sink([&](const Diagnostic& told) { codes.push_back(told.code); });
  try {
    body();
  } catch (const Error& error) {
    for (const Diagnostic& told : error.diagnostics()) codes.push_back(told.code);
  }
  set_message_sink(std::move(before));
  EXPECT_NE(std::find(codes.begin(), codes.end(), code), codes.end()) << "no " << code;
}

}  // namespace tenon::docs
