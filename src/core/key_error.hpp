#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tenon/diagnostic.hpp"

namespace tenon {

/// The diagnostic K007 for a key that is not among `keys`: lists them, names the nearest (also as
/// `candidate`) and offers it. `where` is put first: "select" gives `select: there is no key "x"`.
Diagnostic missing_key(std::string_view key, std::span<const std::string> keys,
                       std::string_view where = "");

/// Names `nearest` as what was meant by `key`, in place of the one that `diagnostic` has.
void offer_nearest(Diagnostic& diagnostic, std::string_view key, std::string_view nearest);

}  // namespace tenon
