#include "core/byte_size.hpp"

#include <gtest/gtest.h>

namespace tenon {
namespace {

TEST(ByteSize, ReadsNumbersWithUnits) {
  EXPECT_EQ(parse_bytes("1 GB"), 1'000'000'000);
  EXPECT_EQ(parse_bytes("1.5kb"), 1500);
  EXPECT_EQ(parse_bytes("2 GiB"), 2LL << 30);
  EXPECT_EQ(parse_bytes("77"), 77);
  EXPECT_EQ(parse_bytes("0 B"), 0);
  for (const char* bad : {"", "GB", "-1 GB", "1 GX", "1 G B x", "1e30 GB", "nan", "99999999 TB"})
    EXPECT_EQ(parse_bytes(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace tenon
