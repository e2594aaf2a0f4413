#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "tenon/detail/key_errors.hpp"
#include "tenon/detail/key_list.hpp"

/// Joins the names of a model with a list of keys, as contract/wanted.hpp and contract/pairing.hpp
/// do.
namespace tenon::typed::detail {

/// A name of a model that needs data.
template <Role R, class K>
struct Wish {
  using KeyType = K;
  static constexpr Role kRole = R;
};

struct WishedName {
  KeyName name;
  Role role;
};

/// The position of the key in a role, or of one of no stated role.
constexpr std::size_t find_in_role(std::span<const DeclaredKey> keys, const KeyName& name,
                                   Role role) {
  const std::size_t at = find_live(keys, name);
  return at != kNoKey && (keys[at].any_role || keys[at].role == role) ? at : kNoKey;
}

/// The position of each wish's key; kNoKey for a missing one. The one unnamed target joins the one
/// output that is trained.
template <std::size_t N>
constexpr std::array<std::size_t, N> join(const std::array<WishedName, N>& wishes,
                                          std::span<const DeclaredKey> keys) {
  std::array<std::size_t, N> slots{};
  std::size_t targets = 0;
  for (const WishedName& wish : wishes) targets += wish.role == Role::kTarget ? 1 : 0;
  for (std::size_t i = 0; i < N; ++i) {
    slots[i] = find_in_role(keys, wishes[i].name, wishes[i].role);
    if (slots[i] == kNoKey && wishes[i].role == Role::kTarget && targets == 1) {
      slots[i] = find_in_role(keys, KeyName(), Role::kTarget);
    }
  }
  return slots;
}

/// What it costs to take each key for a wish; only keys that no other wish uses can be taken.
template <std::size_t N>
constexpr std::array<std::int64_t, N> pairing_costs(const std::array<names::Comparison, N>& pairs,
                                                    std::span<const DeclaredKey> keys, Role role,
                                                    std::span<const std::size_t> slots) {
  std::array<std::int64_t, N> costs{};
  for (std::size_t i = 0; i < N; ++i) {
    bool free = keys[i].live && (keys[i].any_role || keys[i].role == role);
    for (const std::size_t slot : slots) free = free && slot != i;
    costs[i] = free ? names::pairing_cost(pairs[i]) : names::kNoPair;
  }
  return costs;
}

/// More than so many costs are not solved together: each wish then takes the cheapest.
inline constexpr std::size_t kMostCosts = 1000;

template <std::size_t Rows, std::size_t Columns>
constexpr std::array<std::size_t, Rows> pair_or_nearest(
    const std::array<std::array<std::int64_t, Columns>, Rows>& costs) {
  if constexpr (Rows * Columns <= kMostCosts) {
    return names::pair_keys(costs);
  } else {
    std::array<std::size_t, Rows> found{};
    for (std::size_t row = 0; row < Rows; ++row) {
      std::int64_t least = names::kNoPair;
      found[row] = kNoKey;
      for (std::size_t i = 0; i < Columns; ++i) {
        if (costs[row][i] >= least) continue;
        least = costs[row][i];
        found[row] = i;
      }
    }
    return found;
  }
}

template <class W, std::size_t Nearest, class L>
constexpr void tell_missing_wish() {
  if constexpr (W::kRole == Role::kInput) {
    tell_missing<InputNeedsKey, typename W::KeyType, Nearest, L>();
  } else {
    tell_missing<OutputNeedsKey, typename W::KeyType, Nearest, L>();
  }
}

/// The wishes of a model joined with a list of keys.
template <class Wishes, class L>
struct Joined;
template <class... Wishes, class L>
struct Joined<List<Wishes...>, L> {
  static constexpr std::array<WishedName, sizeof...(Wishes)> kWishes{
      WishedName{kName<typename Wishes::KeyType>, Wishes::kRole}...};
  static constexpr std::array<std::size_t, sizeof...(Wishes)> kSlots = join(kWishes, kFacts<L>);

  static constexpr std::size_t count_missing() {
    std::size_t number = 0;
    for (const std::size_t slot : kSlots) number += slot == kNoKey ? 1 : 0;
    return number;
  }
  /// The position of the n-th missing wish.
  static constexpr std::size_t missing(std::size_t n) {
    std::size_t i = 0;
    for (; kSlots[i] != kNoKey || n > 0; ++i) n -= kSlots[i] == kNoKey ? 1 : 0;
    return i;
  }
  template <std::size_t Row>
  using Missing = At<missing(Row), List<Wishes...>>;

  template <std::size_t... Row>
  static constexpr void tell(std::index_sequence<Row...>) {
    constexpr std::array<std::array<std::int64_t, Facts<L>::kSize>, sizeof...(Row)> kCosts{
        pairing_costs(Compared<typename Missing<Row>::KeyType, L>::kAll, kFacts<L>,
                      Missing<Row>::kRole, kSlots)...};
    constexpr std::array<std::size_t, sizeof...(Row)> kNearest = pair_or_nearest(kCosts);
    (tell_missing_wish<Missing<Row>, kNearest[Row], L>(), ...);
  }
};

/// Fails to compile unless every wish has its key.
template <class Wishes, class L>
constexpr void require_wishes() {
  constexpr std::size_t kMissing = Joined<Wishes, L>::count_missing();
  if constexpr (kMissing > 0) Joined<Wishes, L>::tell(std::make_index_sequence<kMissing>());
}

/// Fails to compile unless a dataset of the list `L` is one of `Wanted`, order and history aside.
template <class Wanted, class L>
struct SameKeys;
template <class... Wanted, class... Entries>
struct SameKeys<List<Wanted...>, List<Entries...>> {
  static constexpr void require() {
    (require_given<Wanted>(), ...);
    (require_wanted<Entries>(), ...);
  }

 private:
  template <class E>
  static constexpr void require_given() {
    if constexpr (Entry<E>::kDeclared.live) {
      require_key<DatasetNeedsKey, typename Entry<E>::KeyType, List<Entries...>>();
    }
  }
  template <class E>
  static constexpr void require_wanted() {
    constexpr const DeclaredKey& kGiven = Entry<E>::kDeclared;
    if constexpr (kGiven.live && find_live(kFacts<List<Wanted...>>, kGiven.name) == kNoKey) {
      (void)sizeof(DatasetHasMore<UndeclaredKey<typename Entry<E>::KeyType>>);
    }
  }
};

}  // namespace tenon::typed::detail
