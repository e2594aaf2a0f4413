#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tenon/source_location.hpp"
#include "tenon/spec.hpp"

namespace tenon {

/// A key's text and a hash of it, which spares a compiler most of the comparing.
struct KeyName {
  constexpr KeyName() = default;
  constexpr explicit KeyName(std::string_view key) : text(key) {
    for (const char* c = key.data(); c != key.data() + key.size(); ++c) {
      hash = (hash ^ static_cast<unsigned char>(*c)) * 0x100000001B3U;
    }
  }
  constexpr bool operator==(const KeyName& other) const {
    return hash == other.hash && text == other.text;
  }

  std::string_view text;
  std::uint64_t hash = 0xCBF29CE484222325U;  ///< FNV-1a.
};

/// A key as a program states it before there are data.
struct DeclaredKey {
  KeyName name;
  Role role = Role::kData;
  bool any_role = true;  ///< The role is not stated.
  bool live = true;      ///< False: a stage took it away, and it is here to be told.
  KeyName became = {};   ///< What a stage renamed it to.
};

/// Throws KeyError unless `schema` has exactly the declared keys that are live, in any order, and
/// the roles that are stated: K007 for a declared key that is not there (with the nearest that is
/// not declared), or has another role, K010 for one that is there and not declared. `what` begins
/// the messages: "the typed dataset".
void require_declared(std::string_view what, std::span<const DeclaredKey> declared,
                      const Schema& schema, SourceLocation location);

}  // namespace tenon
