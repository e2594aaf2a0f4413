#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tenon/dtype.hpp"
#include "tenon/shape.hpp"
#include "tenon/tensor.hpp"

namespace tenon {

/// Where the bytes of a .npy come from: a file, or a member of an archive.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Reads up to `count` bytes; fewer only at the end. Throws FormatError.
  virtual std::size_t read(void* bytes, std::size_t count) = 0;
  /// All bytes of the .npy, header included. No reader takes memory for an array beyond this.
  virtual std::uint64_t size() const = 0;
  /// For messages: "data.npz, member image.npy".
  virtual const std::string& name() const = 0;
};

/// How an element is stored, which is not always how we hold it.
enum class NpyElement : std::uint8_t { kSame, kUInt32, kUInt64, kFloat16, kUnicode, kBytes };

/// What the header of a .npy says.
struct NpyHeader {
  DType dtype = DType::kFloat32;  ///< Of the Tensor that is made of it.
  NpyElement element = NpyElement::kSame;
  std::size_t element_size = 0;  ///< Bytes of one element in the file.
  bool big_endian = false;
  bool fortran_order = false;
  Shape shape;
};

/// The header's dictionary. `file` is for messages. Throws FormatError (F001).
NpyHeader parse_npy_dictionary(const std::string& file, std::string_view text);

/// Reads magic, version and header; checks that the array's bytes fit into source.size().
/// Throws FormatError (F001).
NpyHeader read_npy_header(ByteSource& source);
/// Reads the array behind the header. Throws FormatError (F001).
Tensor read_npy_array(ByteSource& source, const NpyHeader& header);

/// A .npy in two parts, header and array; `array` keeps what it points to alive.
struct NpyImage {
  std::string header;
  Tensor array;
};
/// `file` is for messages. Throws FormatError (F001) for a string that is no UTF-8 or ends in a
/// NUL, which '<U' cannot hold, and ContractError (A001) for a tensor that was never set.
NpyImage npy_image(const std::string& file, const Tensor& tensor);

}  // namespace tenon
