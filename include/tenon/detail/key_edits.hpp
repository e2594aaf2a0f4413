#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "tenon/detail/key_errors.hpp"
#include "tenon/detail/key_list.hpp"

/// What stages do to a list of keys.
namespace tenon::typed::detail {

/// The key that every dataset can give to who asks for it by name.
inline constexpr KeyName kSampleIndex{"sample_index"};

/// The position among `names` of the key that is to be added before a stage that asks for them.
constexpr std::size_t find_sample_index(std::span<const DeclaredKey> keys,
                                        std::span<const KeyName> names) {
  const std::size_t asked = find_name(names, kSampleIndex);
  const bool known = asked == kNoKey || find_live(keys, kSampleIndex) != kNoKey ||
                     find_gone(keys, kSampleIndex) != kNoKey;
  return known ? kNoKey : asked;
}
template <std::size_t Asked, class L, class... Keys>
struct WithSampleIndex {
  using Type = L;
};
template <std::size_t Asked, class... Entries, class... Keys>
requires(Asked != kNoKey) struct WithSampleIndex<Asked, List<Entries...>, Keys...> {
  using Type = List<Entries..., At<Asked, List<Keys...>>>;
};
/// The list as a stage that names `Keys` finds it.
template <class L, class... Keys>
using Before =
    typename WithSampleIndex<find_sample_index(kFacts<L>, kNames<Keys...>), L, Keys...>::Type;

/// Which live keys are among `names` (or are not: `named`).
template <std::size_t N>
constexpr std::array<bool, N> find_leaving(const std::array<DeclaredKey, N>& keys,
                                           std::span<const KeyName> names, bool named) {
  std::array<bool, N> leaving{};
  for (std::size_t i = 0; i < N; ++i) {
    leaving[i] = keys[i].live && (find_name(names, keys[i].name) != kNoKey) == named;
  }
  return leaving;
}
template <bool Leaves, class E>
using Left = typename Choose<Leaves>::template Type<Dropped<typename Entry<E>::KeyType>, E>;

template <bool Named, class L, class... Keys>
struct WithoutKeys;
template <bool Named, class... Entries, class... Keys>
struct WithoutKeys<Named, List<Entries...>, Keys...> {
  static constexpr auto kLeaving =
      find_leaving(Facts<List<Entries...>>::kDeclared, kNames<Keys...>, Named);
  template <std::size_t... I>
  static List<Left<kLeaving[I], Entries>...> after(std::index_sequence<I...>);
  using Type = decltype(after(std::index_sequence_for<Entries...>()));
};
template <class L, class... Keys>
using DropKeys = typename WithoutKeys<true, L, Keys...>::Type;
template <class L, class... Keys>
using SelectKeys = typename WithoutKeys<false, L, Keys...>::Type;

/// `To` is new, in the role of `From`.
template <class L, class From, class To>
struct WithKey;
template <class... Entries, class From, class To>
struct WithKey<List<Entries...>, From, To> {
  using Old = List<Entries...>;
  static auto after() {
    constexpr std::size_t kFrom = find_live(kFacts<Old>, kName<From>);
    if constexpr (kName<From> == kName<To>) {
      return Old();
    } else if constexpr (kFrom == kNoKey) {
      return List<Entries..., To>();
    } else {
      return List<Entries..., typename Entry<At<kFrom, Old>>::template RenamedTo<To>>();
    }
  }
  using Type = decltype(after());
};
template <class L, class From, class To>
using AddKey = typename WithKey<L, From, To>::Type;

/// Of names (from, to, from, to, …): the position of each live key's `from`, or kNoKey.
template <std::size_t N>
constexpr std::array<std::size_t, N> find_renamed(const std::array<DeclaredKey, N>& keys,
                                                  std::span<const KeyName> names) {
  std::array<std::size_t, N> found{};
  for (std::size_t i = 0; i < N; ++i) {
    found[i] = kNoKey;
    for (std::size_t j = 0; keys[i].live && j < names.size(); j += 2) {
      if (names[j] == keys[i].name) found[i] = j;
    }
  }
  return found;
}
template <std::size_t From, class E, class Names>
struct RenamedEntry {
  using Type = typename Entry<E>::template RenamedTo<At<From + 1, Names>>;
};
template <class E, class Names>
struct RenamedEntry<kNoKey, E, Names> {
  using Type = E;
};

/// All at once, as rename does it; behind them stands what was renamed.
template <class L, class Names>
struct RenamedKeys;
template <class... Entries, class... Keys>
struct RenamedKeys<List<Entries...>, List<Keys...>> {
  using Names = List<Keys...>;
  static constexpr auto kFrom = find_renamed(Facts<List<Entries...>>::kDeclared, kNames<Keys...>);
  template <std::size_t... I, std::size_t... Pair>
  static List<typename RenamedEntry<kFrom[I], Entries, Names>::Type...,
              Renamed<At<2 * Pair, Names>, At<2 * Pair + 1, Names>>...>
      after(std::index_sequence<I...>, std::index_sequence<Pair...>);
  using Type = decltype(after(std::index_sequence_for<Entries...>(),
                              std::make_index_sequence<sizeof...(Keys) / 2>()));
};
template <class L, class... Keys>
using RenameKeys = typename RenamedKeys<L, List<Keys...>>::Type;

/// Each `from` is there; each `to` is new.
template <class L, class... Keys, std::size_t... Pair>
constexpr void require_renaming(std::index_sequence<Pair...>) {
  require_keys<StageNeedsKey, L, At<2 * Pair, List<Keys...>>...>();
  using After = RenameKeys<L, Keys...>;
  constexpr std::size_t kDoubled = find_doubled(kFacts<After>);
  if constexpr (kDoubled != kNoKey) {
    (void)sizeof(StageWritesKey<WrittenKey<typename Entry<At<kDoubled, After>>::KeyType>>);
  }
}

}  // namespace tenon::typed::detail
