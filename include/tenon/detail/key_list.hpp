#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>

#include "tenon/detail/declaration.hpp"
#include "tenon/spec.hpp"

/// A key as a type: TENON_KEY(Small); makes the struct Small, which is the key "Small".
/// TENON_KEY_TEXT(small_, "small "); gives the struct another name than the key. Two types of the
/// same text are the same key.
#define TENON_KEY(KEY) TENON_KEY_TEXT(KEY, #KEY)
#define TENON_KEY_TEXT(KEY, TEXT)                                          \
  struct KEY {                                                             \
    static constexpr ::std::string_view text() noexcept { return (TEXT); } \
  }

namespace tenon::typed {

/// What TENON_KEY makes.
template <class K>
concept Key = requires {
  { K::text() } -> std::convertible_to<std::string_view>;
};

/// The one target that a generator yields without a name.
struct Unnamed {
  static constexpr std::string_view text() noexcept { return ""; }
};

// Entries of a dataset's list of keys: a key alone, of which no role is stated, or one of these.
template <Key K>
struct AsInput {};
template <Key K>
struct AsTarget {};
/// Of a key as weight_key() gives it: "sample_weight:cell".
template <Key K>
struct AsWeight {};
// … and what stages did to keys that are not there any more.
template <Key K>
struct Dropped {};
template <Key From, Key To>
struct Renamed {};

// What the compiler names beside a static_assert.
template <class K>
struct MissingKey {};
template <class K>
struct NearestKey {};
template <class K>
struct WrittenKey {};
template <class K>
struct DoubledKey {};
template <class K>
struct UndeclaredKey {};
struct NoneIsNear {};
struct AStageDroppedIt {};
template <class To>
struct AStageRenamedIt {};
struct ItIsThereInAnotherRole {};

/// Never true: stands in static_asserts so that the compiler prints what it is about.
template <class... What>
inline constexpr bool kHolds = false;

}  // namespace tenon::typed

namespace tenon::typed::detail {

inline constexpr std::size_t kNoKey = static_cast<std::size_t>(-1);

template <class... Entries>
struct List {};

template <class K>
inline constexpr KeyName kName{K::text()};

template <class K>
struct Entry {
  using KeyType = K;
  template <class To>
  using RenamedTo = To;
  static constexpr DeclaredKey kDeclared{kName<K>};
};
template <class K>
struct Entry<AsInput<K>> {
  using KeyType = K;
  template <class To>
  using RenamedTo = AsInput<To>;
  static constexpr DeclaredKey kDeclared{kName<K>, Role::kInput, false};
};
template <class K>
struct Entry<AsTarget<K>> {
  using KeyType = K;
  template <class To>
  using RenamedTo = AsTarget<To>;
  static constexpr DeclaredKey kDeclared{kName<K>, Role::kTarget, false};
};
template <class K>
struct Entry<AsWeight<K>> {
  using KeyType = K;
  template <class To>
  using RenamedTo = AsWeight<To>;
  static constexpr DeclaredKey kDeclared{kName<K>, Role::kWeight, false};
};
template <class K>
struct Entry<Dropped<K>> {
  using KeyType = K;
  using Why = AStageDroppedIt;
  static constexpr DeclaredKey kDeclared{kName<K>, Role::kData, true, false};
};
template <class From, class To>
struct Entry<Renamed<From, To>> {
  using KeyType = From;
  using Why = AStageRenamedIt<To>;
  static constexpr DeclaredKey kDeclared{kName<From>, Role::kData, true, false, kName<To>};
};

/// The entries of a list, as the compiler computes with them.
template <class L>
struct Facts;
template <class... Entries>
struct Facts<List<Entries...>> {
  static constexpr std::size_t kSize = sizeof...(Entries);
  static constexpr std::array<DeclaredKey, kSize> kDeclared{Entry<Entries>::kDeclared...};
};
template <class L>
inline constexpr std::span<const DeclaredKey> kFacts{Facts<L>::kDeclared};

template <class... Keys>
inline constexpr std::array<KeyName, sizeof...(Keys)> kNames{kName<Keys>...};

template <std::size_t I, class L>
struct ElementAt;
template <std::size_t I, class... Entries>
struct ElementAt<I, List<Entries...>> {
  using Type = std::tuple_element_t<I, std::tuple<Entries...>>;
};
template <std::size_t I, class L>
using At = typename ElementAt<I, L>::Type;

// The functions below look at all pairs of keys, in an interpreter: they compare hashes where they
// stand, and call nothing before two are equal.

/// The position of the key, or kNoKey.
constexpr std::size_t find_live(std::span<const DeclaredKey> keys, const KeyName& name) {
  const DeclaredKey* const all = keys.data();
  const std::size_t size = keys.size();
  const std::uint64_t hash = name.hash;
  for (std::size_t i = 0; i < size; ++i) {
    if (all[i].name.hash == hash && all[i].live && all[i].name == name) return i;
  }
  return kNoKey;
}
/// The position of what last took the key away, or kNoKey.
constexpr std::size_t find_gone(std::span<const DeclaredKey> keys, const KeyName& name) {
  const DeclaredKey* const all = keys.data();
  for (std::size_t i = keys.size(); i-- > 0;) {
    if (all[i].name.hash == name.hash && !all[i].live && all[i].name == name) return i;
  }
  return kNoKey;
}
constexpr std::size_t find_name(std::span<const KeyName> names, const KeyName& name) {
  const KeyName* const all = names.data();
  const std::size_t size = names.size();
  const std::uint64_t hash = name.hash;
  for (std::size_t i = 0; i < size; ++i) {
    if (all[i].hash == hash && all[i] == name) return i;
  }
  return kNoKey;
}
/// The first live key that stands twice, or kNoKey.
constexpr std::size_t find_doubled(std::span<const DeclaredKey> keys) {
  const DeclaredKey* const all = keys.data();
  const std::size_t size = keys.size();
  for (std::size_t i = 1; i < size; ++i) {
    const std::uint64_t hash = all[i].name.hash;
    for (std::size_t j = 0; j < i; ++j) {
      if (all[j].name.hash != hash || !all[j].live || !all[i].live) continue;
      if (all[j].name == all[i].name) return i;
    }
  }
  return kNoKey;
}

template <bool>
struct Choose {
  template <class First, class>
  using Type = First;
};
template <>
struct Choose<false> {
  template <class, class Second>
  using Type = Second;
};

}  // namespace tenon::typed::detail
