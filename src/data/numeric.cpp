#include "data/numeric.hpp"

#include <fmt/format.h>

namespace tenon::data {

void fill_tensor(Tensor& tensor, double value) {
  if (tensor.dtype() == DType::kString) {
    for (std::string& text : tensor.data<std::string>()) text.clear();
    return;
  }
  with_number_type(tensor.dtype(), [&](auto type) {
    using T = decltype(type);
    const auto values = tensor.data<T>();
    std::fill(values.begin(), values.end(), narrow<T>(value));
  });
}

double scalar_number(const Tensor& tensor, const std::string& key) {
  const auto fail = [&](const std::string& came) {
    throw DataError(make_diagnostic("D002", fmt::format("{} is {}", quote_key(key), came),
                                    {"expected: one finite number"}));
  };
  if (tensor.size() != 1) fail(fmt::format("a tensor {}", tensor.shape().to_string()));
  if (tensor.dtype() == DType::kString) {
    fail(fmt::format("the text {}", quote_key(tensor.data<std::string>()[0])));
  }
  return with_number_type(tensor.dtype(), [&](auto type) {
    const auto value = static_cast<double>(widen(tensor.data<decltype(type)>()[0]));
    if (!std::isfinite(value)) fail(fmt::format("{}", value));
    return value;
  });
}

std::vector<std::string> element_texts(const Tensor& tensor) {
  std::vector<std::string> texts;
  texts.reserve(static_cast<std::size_t>(tensor.size()));
  for (std::int64_t i = 0; i < tensor.size(); ++i) texts.push_back(element_text(tensor, i));
  return texts;
}

std::string element_text(const Tensor& tensor, std::int64_t index) {
  const auto at = static_cast<std::size_t>(index);
  if (tensor.dtype() == DType::kString) return tensor.data<std::string>()[at];
  return with_number_type(tensor.dtype(), [&](auto type) -> std::string {
    using T = decltype(type);
    const T value = tensor.data<T>()[at];
    if constexpr (std::is_same_v<T, bool>) {
      return value ? "true" : "false";
    } else if constexpr (std::is_integral_v<T>) {
      return std::to_string(static_cast<std::int64_t>(value));
    } else {
      return fmt::format("{}", widen(value));
    }
  });
}

std::optional<ValueRange> implied_range(const TensorSpec& spec) {
  if (spec.range) return spec.range;
  switch (spec.dtype) {
    case DType::kUInt8:
      return ValueRange{0.0, 255.0};
    case DType::kInt8:
      return ValueRange{-128.0, 127.0};
    case DType::kUInt16:
      return ValueRange{0.0, 65535.0};
    case DType::kInt16:
      return ValueRange{-32768.0, 32767.0};
    case DType::kBool:
      return ValueRange{0.0, 1.0};
    default:
      return std::nullopt;
  }
}

}  // namespace tenon::data
