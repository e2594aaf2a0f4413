#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "tenon/detail/key_list.hpp"
#include "tenon/detail/nearest_key.hpp"

/// What the compiler says of keys that are not there. Nothing of this is worked out for a program
/// that is right.
namespace tenon::typed::detail {

static_assert(kNoKey == names::kNoKey);

template <class... What>
struct StageNeedsKey {
  static_assert(kHolds<What...>,
                "tenon: a stage needs a key that the dataset does not have here (see MissingKey "
                "and NearestKey)");
};
template <class... What>
struct StageWritesKey {
  static_assert(kHolds<What...>,
                "tenon: a stage writes a key that the dataset has already (see WrittenKey)");
};
template <class... What>
struct InputNeedsKey {
  static_assert(kHolds<What...>,
                "tenon: a model input has no key in the dataset (see MissingKey and NearestKey)");
};
template <class... What>
struct OutputNeedsKey {
  static_assert(kHolds<What...>,
                "tenon: a model output has no target in the dataset (see MissingKey and "
                "NearestKey)");
};
template <class... What>
struct DatasetNeedsKey {
  static_assert(kHolds<What...>,
                "tenon: a dataset does not have a key that is asked of it here (see MissingKey and "
                "NearestKey)");
};
template <class... What>
struct DatasetHasMore {
  static_assert(kHolds<What...>,
                "tenon: a dataset has a key that is not in the list asked for (see UndeclaredKey)");
};
template <class... What>
struct ListHasKeyTwice {
  static_assert(kHolds<What...>, "tenon: a key stands twice in one list (see DoubledKey)");
};

/// What two keys are to each other; each pair is an expression of its own, because compilers limit
/// how long they work on one.
template <class Wanted, class Name>
inline constexpr names::Comparison kCompared = names::compare(Wanted::text(), Name::text());

/// What a key is to all of a list.
template <class Wanted, class L>
struct Compared;
template <class Wanted, class... Entries>
struct Compared<Wanted, List<Entries...>> {
  static constexpr std::array<names::Comparison, sizeof...(Entries)> kAll{
      kCompared<Wanted, typename Entry<Entries>::KeyType>...};
  static constexpr std::array<bool, sizeof...(Entries)> kLive{Entry<Entries>::kDeclared.live...};
  /// The nearest by name, as nearest_name() finds it.
  static constexpr std::size_t kNearest = names::nearest(kAll, kLive);
};

template <std::size_t I, class L>
struct NearestAt {
  using Type = NearestKey<typename Entry<At<I, L>>::KeyType>;
};
template <class L>
struct NearestAt<kNoKey, L> {
  using Type = NearestKey<NoneIsNear>;
};

/// Fails to compile, naming the key, the nearest one (at the position `Nearest`, or what a stage
/// renamed it to) and what became of it.
template <template <class...> class Error, class K, std::size_t Nearest, class L>
constexpr void tell_missing() {
  constexpr std::size_t kGone = find_gone(kFacts<L>, kName<K>);
  if constexpr (find_live(kFacts<L>, kName<K>) != kNoKey) {
    using Near = typename NearestAt<Nearest, L>::Type;
    (void)sizeof(Error<MissingKey<K>, Near, ItIsThereInAnotherRole>);
  } else if constexpr (kGone != kNoKey) {
    constexpr std::size_t kHeir = find_live(kFacts<L>, kFacts<L>[kGone].became);
    using Near = typename NearestAt<kHeir != kNoKey ? kHeir : Nearest, L>::Type;
    (void)sizeof(Error<MissingKey<K>, Near, typename Entry<At<kGone, L>>::Why>);
  } else {
    (void)sizeof(Error<MissingKey<K>, typename NearestAt<Nearest, L>::Type>);
  }
}

template <template <class...> class Error, class K, class L>
constexpr void require_key() {
  if constexpr (find_live(kFacts<L>, kName<K>) == kNoKey) {
    tell_missing<Error, K, Compared<K, L>::kNearest, L>();
  }
}

constexpr bool all_live(std::span<const DeclaredKey> keys, std::span<const KeyName> names) {
  for (const KeyName& name : names) {
    if (find_live(keys, name) == kNoKey) return false;
  }
  return true;
}

/// The list has all of `Keys`. They are looked for at once; one by one where some are missing.
template <template <class...> class Error, class L, class... Keys>
constexpr void require_keys() {
  if constexpr (!all_live(kFacts<L>, kNames<Keys...>)) (require_key<Error, Keys, L>(), ...);
}

/// A stage adds a key.
template <class L, class K>
constexpr void require_new() {
  if constexpr (find_live(kFacts<L>, kName<K>) != kNoKey) {
    (void)sizeof(StageWritesKey<WrittenKey<K>>);
  }
}

template <class L>
constexpr void require_distinct() {
  constexpr std::size_t kDoubled = find_doubled(kFacts<L>);
  if constexpr (kDoubled != kNoKey) {
    (void)sizeof(ListHasKeyTwice<DoubledKey<typename Entry<At<kDoubled, L>>::KeyType>>);
  }
}

}  // namespace tenon::typed::detail
