#pragma once

#include <optional>

#include "backend/onednn/dnnl_bridge.hpp"

namespace tenon::backend::onednn {

/// How a value lies in memory where that is not plain row-major. `plain` describes the row-major
/// form in the same logical axes, so that a reorder leads from one to the other; in float32, be
/// `desc` bfloat16 or not.
struct EngineLayout {
  bridge::Desc desc;
  bridge::Desc plain;
};

/// Absent: plain.
using Layout = std::optional<EngineLayout>;

inline bool same_layout(const Layout& a, const Layout& b) {
  return a.has_value() == b.has_value() && (!a.has_value() || a->desc == b->desc);
}

/// The layout of `desc`: none if it is row-major anyway.
inline Layout layout_of(const bridge::Desc& desc, const bridge::Desc& plain) {
  if (desc == plain) return std::nullopt;
  return EngineLayout{desc, plain};
}

/// Channels per block of an image's layout; 0 if it is plain.
inline std::int64_t block_of(const Layout& layout) { return layout ? bridge::channel_block() : 0; }

}  // namespace tenon::backend::onednn
