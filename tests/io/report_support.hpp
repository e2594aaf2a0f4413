#pragma once

#include <string>

#include "tenon/dataset.hpp"

namespace tenon::report_test {

/// A stream that makes, changes, swaps, drops and uses keys; places are lines of train.cpp.
inline Dataset told_stream() {
  return Dataset::from_tensors({{"image", Tensor(DType::kUInt8, {4, 6, 6, 3})},
                                {"name", Tensor::strings({4}, {"a", "b", "a", "b"})},
                                {"id", Tensor(DType::kInt64, {4})}},
                               {"train.cpp", 10})
      .copy("image", "Small", {"train.cpp", 11})
      .scale({"Small"}, 0.5, 0.0, {"train.cpp", 12})
      .encode("name", "label", {"a", "b"}, {"train.cpp", 13})
      .rename({{"Small", "image"}, {"image", "Small"}}, {"train.cpp", 14})
      .filter("id", {.min = 0.0}, {"train.cpp", 15})
      .drop({"name", "id"}, {"train.cpp", 16})
      .shuffle(4, {"train.cpp", 17})
      .batch(2, {}, {"train.cpp", 18});
}

/// Keys that files of all kinds trip over: quotes, markup, escapes, blanks, look-alikes, bytes that
/// are no UTF-8.
inline Dataset hostile_stream() {
  const Tensor one(DType::kFloat32, {2, 3});
  return Dataset::from_tensors({{"a<b>&\"c'", one},
                                {"back\\slash\\n", one},
                                {"blank ", one},
                                {"line\nend", one},
                                {"Sm\u0430ll", one},
                                {"byte\xff", one},
                                {"]]>", one},
                                {std::string(300, 'x'), one}},
                               {"tr\"ain<.cpp", 1})
      .rename({{"blank ", "&amp;"}})
      .copy("a<b>&\"c'", "\" onload=\"x");
}

}  // namespace tenon::report_test
