#include "nifti_text.hpp"

#include <bit>
#include <cstdint>

#include "little_endian.hpp"

namespace tenon::mutation {
namespace {

constexpr std::size_t kHeaderBytes = 348;
constexpr std::size_t kFirstVoxel = 352;

/// Puts numbers at their places of the header.
class Header {
 public:
  void whole(std::size_t at, std::int64_t value, int bytes) {
    std::string text;
    append_little_endian(text, static_cast<std::uint64_t>(value), bytes);
    bytes_.replace(at, text.size(), text);
  }
  void number(std::size_t at, float value) { whole(at, std::bit_cast<std::uint32_t>(value), 4); }
  void text(std::size_t at, const std::string& text) { bytes_.replace(at, text.size(), text); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_ = std::string(kFirstVoxel, '\0');
};

}  // namespace

std::string nifti_text(const Tensor& volume, const std::array<float, 3>& spacing) {
  Header header;
  header.whole(0, kHeaderBytes, 4);
  header.whole(40, 3, 2);
  for (int axis = 0; axis < 3; ++axis) {
    const auto at = static_cast<std::size_t>(axis);
    header.whole(42 + 2 * at, volume.dim(2 - axis), 2);
    header.number(80 + 4 * at, spacing[2 - at]);
    header.number(280 + 20 * at, spacing[2 - at]);  // The diagonal of the affine.
  }
  const bool bytes = volume.dtype() == DType::kUInt8;
  header.whole(70, bytes ? 2 : 4, 2);
  header.whole(72, bytes ? 8 : 16, 2);
  header.number(108, static_cast<float>(kFirstVoxel));
  header.number(112, 1.0F);
  header.whole(254, 1, 2);
  header.text(344, "n+1");
  return header.bytes() +
         std::string(reinterpret_cast<const char*>(volume.bytes()), volume.byte_size());
}

}  // namespace tenon::mutation
