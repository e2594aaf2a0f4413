#pragma once

#include <string>
#include <string_view>

#include "tenon/lineage.hpp"

namespace tenon::report {

std::string_view word_of(LineageAction action) noexcept;  ///< "created", "changed", …

/// `key` for people: odd characters visible, "(unnamed)" for the target without a name.
std::string shown_key(const std::string& key);
/// `3 crop_box`; `source csv`.
std::string shown_stage(const StageReference& stage);
/// `text` cut to `columns` columns of a terminal, the last one then "…".
std::string shortened(const std::string& text, std::size_t columns);

/// What happened, as a sentence without the stage: `changed: u8 (4,) -> f32 (4,)`.
std::string told(const LineageEvent& event);

}  // namespace tenon::report
