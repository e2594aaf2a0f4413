#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/dtype.hpp"
#include "tenon/geometry.hpp"
#include "tenon/shape.hpp"

namespace tenon {

/// The size of an axis in a spec: known, unknown, or a symbol that several keys share ("B").
class Dim {
 public:
  Dim() = default;                         ///< Unknown.
  Dim(std::int64_t size) : size_(size) {}  // NOLINT(google-explicit-constructor): 32 is a Dim.
  static Dim unknown() { return {}; }
  static Dim symbol(std::string name);

  bool known() const noexcept { return size_ >= 0; }
  std::int64_t size() const noexcept { return size_; }  ///< -1 unless known.
  const std::string& symbol_name() const noexcept { return symbol_; }
  /// True if a tensor could satisfy both: equal, or one of them not known.
  bool fits(const Dim& other) const noexcept;
  std::string to_string() const;  ///< "32", "B", or "?".
  bool operator==(const Dim&) const = default;

 private:
  std::int64_t size_ = -1;
  std::string symbol_;
};

/// Closed interval of values; for labels [0, n - 1].
struct ValueRange {
  double low = 0.0;
  double high = 0.0;
  bool operator==(const ValueRange&) const = default;
};

/// What a key's tensors look like: dtype and shape, with the batch axis (a symbol "B") once
/// batched.
struct TensorSpec {
  DType dtype = DType::kFloat32;
  std::vector<Dim> shape;
  /// One letter per axis where the meaning is known: B batch, D depth, H height, W width,
  /// C channels; '?' for an axis of no known meaning. Empty: nothing is known.
  std::string axes;
  std::optional<ValueRange> range;
  std::optional<Geometry> geometry;
  bool rank_known = true;  ///< False: nothing is known of the shape, and `shape` is empty.

  TensorSpec() = default;
  TensorSpec(DType type, std::vector<Dim> dims, std::string axis_letters = "")
      : dtype(type), shape(std::move(dims)), axes(std::move(axis_letters)) {}
  static TensorSpec of(DType dtype, const Shape& shape, std::string axes = "");
  static TensorSpec of_unknown_rank(DType dtype);

  int rank() const noexcept { return static_cast<int>(shape.size()); }
  bool batched() const noexcept { return !axes.empty() && axes.front() == 'B'; }
  /// This spec with a batch axis "B" (or of known size) before the others, and without it.
  TensorSpec with_batch(Dim size = Dim::symbol("B")) const;
  TensorSpec without_batch() const;
  /// Ranks equal and every dim fits; dtype is not looked at. An unknown rank fits everything.
  bool shape_fits(const TensorSpec& other) const noexcept;
  bool shape_fits(const Shape& shape) const noexcept;
  std::string shape_string() const;  ///< "(B, 32, 32, 3)"; "(…)" where the rank is unknown.
  std::string to_string() const;     ///< "f32 (B, 32, 32, 3)".
  bool operator==(const TensorSpec&) const = default;
};

/// What a key is for. Data read from files is kData until the contract binds it.
enum class Role : std::uint8_t { kInput, kTarget, kWeight, kData };
std::string_view name_of(Role role) noexcept;  ///< "input", "target", "weight", "data".

/// One key of a schema.
struct Field {
  std::string key;  ///< Empty only for the unnamed target of a generator.
  TensorSpec spec;
  Role role = Role::kData;
  bool operator==(const Field&) const = default;
};

/// An ordered map from key to spec; the order is the order of the slots of a Record.
class Schema {
 public:
  Schema() = default;
  Schema(std::initializer_list<Field> fields);  ///< Throws KeyError (K012) on a key given twice.

  std::size_t size() const noexcept { return fields_.size(); }
  bool empty() const noexcept { return fields_.empty(); }
  const std::vector<Field>& fields() const noexcept { return fields_; }
  const Field& operator[](std::size_t slot) const { return fields_[slot]; }
  Field& operator[](std::size_t slot) { return fields_[slot]; }
  auto begin() const noexcept { return fields_.begin(); }
  auto end() const noexcept { return fields_.end(); }

  /// The slot of `key`; nothing if there is none.
  std::optional<std::size_t> find(std::string_view key) const noexcept;
  bool contains(std::string_view key) const noexcept { return find(key).has_value(); }
  /// The slot of `key`. Throws KeyError (K007) that lists the keys and the nearest one.
  std::size_t slot(std::string_view key) const;
  const TensorSpec& spec(std::string_view key) const { return fields_[slot(key)].spec; }
  std::vector<std::string> keys() const;

  /// Appends a key. Throws KeyError (K012) if it exists.
  void add(Field field);
  /// Removes a key; the slots behind it move up. Throws KeyError (K007) if there is none.
  void remove(std::string_view key);
  bool operator==(const Schema&) const = default;

 private:
  std::vector<Field> fields_;
};

}  // namespace tenon
