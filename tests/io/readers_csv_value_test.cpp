#include "io/readers/csv_value.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace tenon::readers {
namespace {

DType type_of(std::initializer_list<const char*> cells) {
  ColumnType type;
  for (const char* cell : cells) {
    type.note(cell);
  }
  return type.dtype();
}

TEST(ColumnType, IsLearntFromAllCells) {
  EXPECT_EQ(type_of({"1", "-2", "+3", " 4 "}), DType::kInt64);
  EXPECT_EQ(type_of({"1", "2.5"}), DType::kFloat32);
  EXPECT_EQ(type_of({"1", "2.5", "x"}), DType::kString);
  EXPECT_EQ(type_of({"x", "1"}), DType::kString);
  EXPECT_EQ(type_of({"1e-3", "nan", "inf"}), DType::kFloat32);
}

TEST(ColumnType, EmptyCellsSayNothing) {
  EXPECT_EQ(type_of({"", "1", "  "}), DType::kInt64);
  EXPECT_EQ(type_of({"", ""}), DType::kString);
  EXPECT_EQ(type_of({}), DType::kString);
}

TEST(ColumnType, WordsAndNamesAreNoNumbers) {
  EXPECT_EQ(type_of({"nan", "NaN"}), DType::kString);
  EXPECT_EQ(type_of({"99999999999999999999", "1"}), DType::kString);
  EXPECT_EQ(type_of({"99999999999999999999", "1.5"}), DType::kFloat32);
  EXPECT_EQ(type_of({"0x10"}), DType::kString);
  EXPECT_EQ(type_of({"1,5"}), DType::kString);
}

TEST(CellValue, NumbersOfEveryDtypeWithinTheirRange) {
  EXPECT_EQ(cell_value(" 7 ", DType::kInt64)->item<std::int64_t>(), 7);
  EXPECT_EQ(cell_value("255", DType::kUInt8)->item<std::uint8_t>(), 255);
  EXPECT_FALSE(cell_value("256", DType::kUInt8));
  EXPECT_FALSE(cell_value("-1", DType::kUInt16));
  EXPECT_EQ(cell_value("-128", DType::kInt8)->item<std::int8_t>(), -128);
  EXPECT_FALSE(cell_value("1.0", DType::kInt32));
  EXPECT_FLOAT_EQ(cell_value("+2.5e1", DType::kFloat32)->item<float>(), 25.0F);
  EXPECT_FALSE(cell_value("1e300", DType::kFloat32));
  EXPECT_EQ(cell_value("1e300", DType::kFloat64)->item<double>(), 1e300);
  EXPECT_EQ(cell_value("1e-400", DType::kFloat64)->item<double>(), 0.0);
  EXPECT_FALSE(cell_value("1e400", DType::kFloat64));
  EXPECT_TRUE(std::isnan(cell_value("nan", DType::kFloat32)->item<float>()));
  EXPECT_FALSE(cell_value("", DType::kFloat32));
  EXPECT_FALSE(cell_value("1 2", DType::kInt64));
}

TEST(CellValue, TextAndTruth) {
  EXPECT_EQ(cell_value(" a ", DType::kString)->item<std::string>(), " a ");
  EXPECT_TRUE(cell_value("True", DType::kBool)->item<bool>());
  EXPECT_FALSE(cell_value("0", DType::kBool)->item<bool>());
  EXPECT_FALSE(cell_value("yes", DType::kBool));
}

}  // namespace
}  // namespace tenon::readers
