#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tenon/spec.hpp"
#include "tenon/tensor.hpp"

namespace tenon::readers {

/// What becomes of a file inside of a sample, told by the end of its name.
enum class MemberKind : std::uint8_t { kText, kInteger, kImage, kArray };
/// `ending` in lower case, "jpg" or "mask.png": what stands behind its last dot counts.
MemberKind member_kind(std::string_view ending) noexcept;

/// The form that images are given in, as of LoadImageOptions.
struct ImageForm {
  int channels = 3;
  DType dtype = DType::kUInt8;
};

/// The value in `bytes`; `where` begins what FormatError (F001) and DataError (D001) say.
Tensor member_value(MemberKind kind, std::string bytes, const ImageForm& form,
                    const std::string& where);
/// What member_value gives as far as it is known of every member of this kind: an array's header,
/// which `bytes` begin with, is that of one. Throws as member_value.
TensorSpec member_spec(MemberKind kind, std::string_view bytes, const ImageForm& form,
                       const std::string& where);

}  // namespace tenon::readers
