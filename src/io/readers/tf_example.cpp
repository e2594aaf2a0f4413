#include "io/readers/tf_example.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <map>

#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

static_assert(std::endian::native == std::endian::little, "the code is for little endian");

/// An empty text takes 2 bytes of a file and 32 of memory.
constexpr std::size_t kMaxTexts = std::size_t{1} << 24;
constexpr std::size_t kMaxFeatures = 65536;

enum class Wire : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct WireField {
  std::uint64_t number = 0;
  Wire wire = Wire::kVarint;
  std::uint64_t varint = 0;  ///< Of kVarint.
  std::string_view bytes;    ///< Of the others.
};

/// Reads the fields of one protobuf message.
class WireReader {
 public:
  WireReader(std::string_view bytes, const std::string& where) : rest_(bytes), where_(where) {}
  bool at_end() const noexcept { return rest_.empty(); }

  WireField next() {
    const std::uint64_t tag = varint();
    WireField field;
    field.number = tag >> 3U;
    if (field.number == 0) fail();
    switch (tag & 7U) {
      case 0:
        field.varint = varint();
        break;
      case 1:
        field.wire = Wire::kFixed64;
        field.bytes = take(8);
        break;
      case 2:
        field.wire = Wire::kBytes;
        field.bytes = take(varint());
        break;
      case 5:
        field.wire = Wire::kFixed32;
        field.bytes = take(4);
        break;
      default:
        fail();
    }
    return field;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1).front());
      value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if ((byte & 0x80U) == 0) return value;
    }
    fail();
  }
  std::string_view take(std::uint64_t count) {
    if (count > rest_.size()) fail();
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  [[noreturn]] void fail() const {
    throw_file_error(where_, "its data is no tf.train.Example", "a serialized tf.train.Example",
                     "other kinds of records are read by a function of one's own");
  }

 private:
  std::string_view rest_;
  const std::string& where_;
};

float float_of(std::string_view bytes) {
  float value = 0.0F;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

void add_texts(std::string_view list, const std::string& where, Feature& feature) {
  for (WireReader reader(list, where); !reader.at_end();) {
    const WireField field = reader.next();
    if (field.number != 1) continue;
    if (field.wire != Wire::kBytes) reader.fail();
    if (feature.texts.size() == kMaxTexts)
      throw_file_error(where, "a feature has too many texts", fmt::format("at most {}", kMaxTexts));
    feature.texts.push_back(field.bytes);
  }
}

/// Packed or one by one, as protobuf writes either.
void add_floats(std::string_view list, const std::string& where, Feature& feature) {
  for (WireReader reader(list, where); !reader.at_end();) {
    const WireField field = reader.next();
    if (field.number != 1) continue;
    if (field.wire == Wire::kFixed32) {
      feature.floats.push_back(float_of(field.bytes));
    } else if (field.wire == Wire::kBytes && field.bytes.size() % sizeof(float) == 0) {
      const std::size_t before = feature.floats.size();
      feature.floats.resize(before + field.bytes.size() / sizeof(float));
      if (!field.bytes.empty())
        std::memcpy(feature.floats.data() + before, field.bytes.data(), field.bytes.size());
    } else {
      reader.fail();
    }
  }
}

void add_integers(std::string_view list, const std::string& where, Feature& feature) {
  for (WireReader reader(list, where); !reader.at_end();) {
    const WireField field = reader.next();
    if (field.number != 1) continue;
    if (field.wire == Wire::kVarint) {
      feature.integers.push_back(static_cast<std::int64_t>(field.varint));
    } else if (field.wire == Wire::kBytes) {
      for (WireReader packed(field.bytes, where); !packed.at_end();)
        feature.integers.push_back(static_cast<std::int64_t>(packed.varint()));
    } else {
      reader.fail();
    }
  }
}

/// The two fields of an entry of the map from names to features.
std::pair<std::string_view, std::string_view> map_entry(std::string_view bytes,
                                                        const std::string& where) {
  std::pair<std::string_view, std::string_view> entry;
  for (WireReader reader(bytes, where); !reader.at_end();) {
    const WireField field = reader.next();
    if (field.number > 2) continue;
    if (field.wire != Wire::kBytes) reader.fail();
    (field.number == 1 ? entry.first : entry.second) = field.bytes;
  }
  return entry;
}

[[noreturn]] void throw_misfit(const Feature& feature, const TensorSpec& spec,
                               const std::string& where) {
  throw_file_error(where,
                   feature.kind == FeatureKind::kNone
                       ? "there is nothing in it"
                       : fmt::format("it holds {} of {}", feature.count(), name_of(feature.kind)),
                   spec.to_string(), "declare in features what the records hold");
}

/// The spec's shape with `count` elements. `unit`: elements for one value.
Shape fitting_shape(const Feature& feature, const TensorSpec& spec, std::size_t count,
                    const std::string& where) {
  std::vector<std::int64_t> dims;
  std::uint64_t known = 1;
  std::ptrdiff_t open = -1;
  for (const Dim& dim : spec.shape) {
    if (!dim.known()) open = static_cast<std::ptrdiff_t>(dims.size());
    if (dim.known() && dim.size() != 0 &&
        known > std::numeric_limits<std::uint32_t>::max() / static_cast<std::uint64_t>(dim.size()))
      throw_misfit(feature, spec, where);
    if (dim.known()) known *= static_cast<std::uint64_t>(dim.size());
    dims.push_back(dim.known() ? dim.size() : 1);
  }
  if (open >= 0 && known > 0 && count % known == 0) {
    dims[static_cast<std::size_t>(open)] = static_cast<std::int64_t>(count / known);
  } else if (open >= 0 || known != count) {
    throw_misfit(feature, spec, where);
  }
  return Shape(dims);
}

template <class T>
Tensor integers_as(const Feature& feature, const Shape& shape, DType dtype,
                   const std::string& where) {
  Tensor tensor = Tensor::uninitialized(dtype, shape);
  T* out = tensor.data<T>().data();
  for (const std::int64_t value : feature.integers) {
    if (!std::in_range<T>(value))
      throw_file_error(where, fmt::format("it holds {}", value),
                       fmt::format("a value of {}", name_of(dtype)));
    *out++ = static_cast<T>(value);
  }
  return tensor;
}

Tensor bools_of(const Feature& feature, const Shape& shape, const std::string& where) {
  Tensor tensor = Tensor::uninitialized(DType::kBool, shape);
  bool* out = tensor.data<bool>().data();
  for (const std::int64_t value : feature.integers) {
    if (value != 0 && value != 1)
      throw_file_error(where, fmt::format("it holds {}", value), "0 or 1 for bool");
    *out++ = value == 1;
  }
  return tensor;
}

Tensor integer_tensor(const Feature& feature, const TensorSpec& spec, const std::string& where) {
  const Shape shape = fitting_shape(feature, spec, feature.count(), where);
  switch (spec.dtype) {
    case DType::kInt64:
      return Tensor::from<std::int64_t>(shape, feature.integers);
    case DType::kInt32:
      return integers_as<std::int32_t>(feature, shape, spec.dtype, where);
    case DType::kInt16:
      return integers_as<std::int16_t>(feature, shape, spec.dtype, where);
    case DType::kInt8:
      return integers_as<std::int8_t>(feature, shape, spec.dtype, where);
    case DType::kUInt16:
      return integers_as<std::uint16_t>(feature, shape, spec.dtype, where);
    case DType::kUInt8:
      return integers_as<std::uint8_t>(feature, shape, spec.dtype, where);
    case DType::kBool:
      return bools_of(feature, shape, where);
    default:
      throw_misfit(feature, spec, where);
  }
}

Tensor text_tensor(const Feature& feature, const TensorSpec& spec, const std::string& where) {
  const Shape shape = fitting_shape(feature, spec, feature.count(), where);
  return Tensor::strings(shape, {feature.texts.begin(), feature.texts.end()});
}

/// The numbers in the memory of one text, as tf.io.decode_raw takes them.
Tensor raw_tensor(const Feature& feature, const TensorSpec& spec, const std::string& where) {
  const std::string_view bytes = feature.texts.front();
  const std::size_t size = size_of(spec.dtype);
  if (bytes.size() % size != 0) throw_misfit(feature, spec, where);
  Tensor tensor =
      Tensor::uninitialized(spec.dtype, fitting_shape(feature, spec, bytes.size() / size, where));
  if (!bytes.empty()) std::memcpy(tensor.bytes(), bytes.data(), bytes.size());
  if (spec.dtype == DType::kBool) {
    const bool valid =
        std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == 0 || byte == 1; });
    if (!valid) throw_file_error(where, "it holds bytes other than 0 and 1", "bool");
  }
  return tensor;
}

}  // namespace

std::string_view name_of(FeatureKind kind) noexcept {
  switch (kind) {
    case FeatureKind::kBytes:
      return "bytes";
    case FeatureKind::kFloat:
      return "float";
    case FeatureKind::kInt64:
      return "int64";
    case FeatureKind::kNone:
      break;
  }
  return "nothing";
}

FeatureList list_features(std::string_view example, const std::string& where) {
  std::map<std::string_view, std::string_view> features;
  for (WireReader reader(example, where); !reader.at_end();) {
    const WireField message = reader.next();
    if (message.number != 1) continue;
    if (message.wire != Wire::kBytes) reader.fail();
    for (WireReader entries(message.bytes, where); !entries.at_end();) {
      const WireField entry = entries.next();
      if (entry.number != 1) continue;
      if (entry.wire != Wire::kBytes) entries.fail();
      const auto [name, bytes] = map_entry(entry.bytes, where);
      features.insert_or_assign(name, bytes);
      if (features.size() > kMaxFeatures)
        throw_file_error(where, "it has too many features",
                         fmt::format("at most {}", kMaxFeatures));
    }
  }
  return {features.begin(), features.end()};
}

Feature parse_feature(std::string_view bytes, const std::string& where) {
  Feature feature;
  for (WireReader reader(bytes, where); !reader.at_end();) {
    const WireField field = reader.next();
    if (field.number < 1 || field.number > 3) continue;
    if (field.wire != Wire::kBytes) reader.fail();
    const auto kind = static_cast<FeatureKind>(field.number);
    // Of two lists of different kinds the later one counts.
    if (feature.kind != kind) feature = Feature{kind, {}, {}, {}};
    if (kind == FeatureKind::kBytes) add_texts(field.bytes, where, feature);
    if (kind == FeatureKind::kFloat) add_floats(field.bytes, where, feature);
    if (kind == FeatureKind::kInt64) add_integers(field.bytes, where, feature);
  }
  return feature;
}

Tensor feature_tensor(const Feature& feature, const TensorSpec& spec, const std::string& where) {
  if (feature.count() == 0) {
    return Tensor(spec.dtype, fitting_shape(feature, spec, 0, where));
  }
  if (feature.kind == FeatureKind::kInt64) return integer_tensor(feature, spec, where);
  if (feature.kind == FeatureKind::kFloat) {
    if (spec.dtype != DType::kFloat32 && spec.dtype != DType::kFloat64)
      throw_misfit(feature, spec, where);
    const Shape shape = fitting_shape(feature, spec, feature.count(), where);
    const Tensor floats = Tensor::from<float>(shape, feature.floats);
    return spec.dtype == DType::kFloat32 ? floats : floats.cast(spec.dtype);
  }
  if (spec.dtype == DType::kString) return text_tensor(feature, spec, where);
  if (feature.texts.size() != 1) throw_misfit(feature, spec, where);
  return raw_tensor(feature, spec, where);
}

}  // namespace tenon::readers
