#include "data/resize_bytes.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace tenon::data {
namespace {

using AllTaps = std::vector<Taps<float>>;

/// Twelfths, of which the sum is 1: many results lie half way between bytes, where the last bit of
/// a sum decides.
const std::vector<std::vector<int>> kTwelfths{{12},
                                              {5, 7},
                                              {2, 4, 6},
                                              {1, 2, 3, 6},
                                              {1, 2, 2, 3, 4},
                                              {1, 1, 2, 2, 3, 3},
                                              {1, 3, 1, 2, 1, 2, 2}};

/// `to` pixels of 1 to 7 of `from` each.
AllTaps some_taps(std::int64_t from, std::size_t to, std::mt19937& random) {
  AllTaps all(to);
  for (Taps<float>& taps : all) {
    const auto most = std::min(kTwelfths.size(), static_cast<std::size_t>(from));
    const std::vector<int>& twelfths = kTwelfths[random() % most];
    for (const int part : twelfths) taps.weights.push_back(static_cast<float>(part) / 12.0F);
    const auto places = static_cast<std::size_t>(from) - twelfths.size() + 1;
    taps.start = static_cast<std::int64_t>(random() % places);
  }
  return all;
}

std::vector<std::uint8_t> some_bytes(std::size_t count, std::mt19937& random) {
  std::vector<std::uint8_t> bytes(count);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

/// One number at a time, in the order that resize_bytes() promises.
std::vector<std::uint8_t> plainly_resized(const std::vector<std::uint8_t>& in, std::size_t width,
                                          std::size_t channels, const AllTaps& rows,
                                          const AllTaps& columns) {
  std::vector<std::uint8_t> out;
  for (const Taps<float>& row : rows) {
    std::vector<float> sum(width * channels, 0.0F);
    for (std::size_t i = 0; i < sum.size(); ++i) {
      const std::uint8_t* at = in.data() + static_cast<std::size_t>(row.start) * sum.size() + i;
      for (const float weight : row.weights) {
        const float product = weight * static_cast<float>(*at);
        sum[i] += product;
        at += sum.size();
      }
    }
    for (const Taps<float>& column : columns) {
      for (std::size_t channel = 0; channel < channels; ++channel) {
        float mixed = 0.0F;
        std::size_t at = static_cast<std::size_t>(column.start) * channels + channel;
        for (const float weight : column.weights) {
          const float product = weight * sum[at];
          mixed += product;
          at += channels;
        }
        out.push_back(static_cast<std::uint8_t>(std::min(std::floor(mixed + 0.5F), 255.0F)));
      }
    }
  }
  return out;
}

std::vector<std::uint8_t> resized(const std::vector<std::uint8_t>& in, std::size_t width,
                                  std::size_t channels, const AllTaps& rows, const AllTaps& columns,
                                  VectorSet vectors) {
  std::vector<std::uint8_t> out(rows.size() * columns.size() * channels);
  resize_bytes(in.data(), out.data(), width, channels, rows, columns, vectors);
  return out;
}

TEST(ResizeBytesTest, AllVectorsGiveTheBitsOfOneNumberAtATime) {
  std::mt19937 random(7);
  for (std::size_t width : {1U, 2U, 3U, 4U, 5U, 6U, 16U, 31U, 50U, 121U}) {
    for (std::size_t channels = 1; channels <= kMostByteChannels; ++channels) {
      const std::size_t height = 1 + random() % 20;
      const auto in = some_bytes(width * height * channels, random);
      const AllTaps rows = some_taps(static_cast<std::int64_t>(height), 1 + random() % 9, random);
      const AllTaps columns =
          some_taps(static_cast<std::int64_t>(width), 1 + random() % 40, random);
      const auto plain = plainly_resized(in, width, channels, rows, columns);
      for (const VectorSet vectors : {VectorSet::kBaseline, VectorSet::kAvx2, VectorSet::kAvx512}) {
        EXPECT_EQ(resized(in, width, channels, rows, columns, vectors), plain)
            << width << " x " << height << " x " << channels << ", vectors "
            << static_cast<int>(vectors);
      }
    }
  }
}

TEST(ResizeBytesTest, WhiteStaysWhite) {
  std::mt19937 random(9);
  const std::vector<std::uint8_t> white(40 * 30 * 3, 255);
  const AllTaps rows = some_taps(30, 11, random);
  const AllTaps columns = some_taps(40, 13, random);
  for (const VectorSet vectors : {VectorSet::kBaseline, VectorSet::kAvx2, VectorSet::kAvx512}) {
    EXPECT_EQ(resized(white, 40, 3, rows, columns, vectors),
              std::vector<std::uint8_t>(11 * 13 * 3, 255));
  }
}

}  // namespace
}  // namespace tenon::data
