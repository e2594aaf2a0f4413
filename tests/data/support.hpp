#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "tenon/dataset.hpp"
#include "tenon/error.hpp"

namespace tenon::data_test {

inline std::vector<Record> collect(DatasetIterator& iterator, std::size_t most = 1U << 20U) {
  std::vector<Record> records;
  Record record;
  while (records.size() < most && iterator.next(record)) records.push_back(record);
  return records;
}

inline std::vector<Record> collect(const Dataset& dataset, IterateOptions options = {.threads = 1},
                                   std::size_t most = 1U << 20U) {
  DatasetIterator iterator = dataset.iterate(options);
  return collect(iterator, most);
}

/// Each record's `key`, a scalar or a batch, one after another.
template <class T>
std::vector<T> values_of(const std::vector<Record>& records, const std::string& key) {
  std::vector<T> values;
  for (const Record& record : records) {
    const Tensor& tensor = record.at(key);
    const auto elements = tensor.data<T>();
    values.insert(values.end(), elements.begin(), elements.end());
  }
  return values;
}

inline void expect_equal(const std::vector<Record>& a, const std::vector<Record>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].schema().keys(), b[i].schema().keys());
    EXPECT_EQ(a[i].samples(), b[i].samples()) << "record " << i;
    for (std::size_t slot = 0; slot < a[i].size(); ++slot) {
      EXPECT_TRUE(a[i][slot].equals(b[i][slot]))
          << "record " << i << ", key " << a[i].schema()[slot].key;
    }
  }
}

/// Every tensor is of its key's dtype, rank and known dims, and within its range.
inline void expect_as_declared(const Schema& schema, const std::vector<Record>& records) {
  for (const Record& record : records) {
    ASSERT_EQ(record.schema().keys(), schema.keys());
    for (std::size_t slot = 0; slot < schema.size(); ++slot) {
      const TensorSpec& spec = schema[slot].spec;
      const Tensor& value = record[slot];
      EXPECT_EQ(value.dtype(), spec.dtype) << schema[slot].key;
      EXPECT_TRUE(spec.shape_fits(value.shape()))
          << schema[slot].key << " is " << value.shape().to_string() << ", declared "
          << spec.to_string();
      if (!spec.axes.empty()) {
        EXPECT_EQ(spec.axes.size(), spec.shape.size()) << schema[slot].key;
      }
      if (!spec.range) continue;
      const Tensor numbers = value.cast(DType::kFloat64);
      for (const double x : numbers.data<double>()) {
        EXPECT_GE(x, spec.range->low) << schema[slot].key;
        EXPECT_LE(x, spec.range->high) << schema[slot].key;
      }
    }
  }
}

/// `count` samples with id (int64 scalar, 0, 1, …) and image (uint8, 4 x 6 x 3), and how often each
/// was read.
struct CountedSource {
  std::shared_ptr<std::vector<std::atomic<int>>> reads;
  Dataset dataset;
  int total() const {
    int sum = 0;
    for (const auto& count : *reads) sum += count.load();
    return sum;
  }
};

inline CountedSource counted(std::int64_t count) {
  auto reads = std::make_shared<std::vector<std::atomic<int>>>(static_cast<std::size_t>(count));
  const Schema schema{{"id", TensorSpec(DType::kInt64, {})},
                      {"image", TensorSpec(DType::kUInt8, {4, 6, 3}, "HWC")}};
  const auto shared = std::make_shared<const Schema>(schema);
  auto dataset = Dataset::from_function(schema, count, [reads, shared](std::int64_t index) {
    ++(*reads)[static_cast<std::size_t>(index)];
    Tensor image(DType::kUInt8, {4, 6, 3});
    std::uint8_t value = static_cast<std::uint8_t>(index * 7);
    for (std::uint8_t& pixel : image.data<std::uint8_t>()) pixel = value++;
    return Record(shared, {Tensor::scalar<std::int64_t>(index), image}, {});
  });
  return {reads, dataset};
}

/// What `action` throws as an E, for a look at its text and code.
template <class E, class Action>
E thrown_by(Action action) {
  try {
    action();
  } catch (const E& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return E(make_diagnostic("?", "nothing was thrown"));
}

}  // namespace tenon::data_test
