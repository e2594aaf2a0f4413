#pragma once

#include <optional>
#include <string>
#include <vector>

#include "draw.hpp"

namespace tenon::mutation {

/// Names as people give them.
const std::vector<std::string>& input_names();
const std::vector<std::string>& output_names();
const std::vector<std::string>& column_names();
/// Words that are like none of the others.
const std::vector<std::string>& unrelated_names();
const std::vector<std::string>& class_words();

/// How a name is spelt wrongly. Each gives nothing if `name` has no place for it.
using Respelling = std::optional<std::string> (*)(const std::string& name, Draw& draw);
std::optional<std::string> other_case(const std::string& name, Draw& draw);
std::optional<std::string> blanks_around(const std::string& name, Draw& draw);
/// A no-break space, or a character of no width.
std::optional<std::string> invisible_inside(const std::string& name, Draw& draw);
/// A letter of another alphabet in place of a Latin one.
std::optional<std::string> look_alike(const std::string& name, Draw& draw);
/// `_`, `-`, `.` or a blank in place of another of these, or none.
std::optional<std::string> other_separator(const std::string& name, Draw& draw);
std::optional<std::string> swapped_letters(const std::string& name, Draw& draw);
std::optional<std::string> missing_letter(const std::string& name, Draw& draw);
std::optional<std::string> doubled_letter(const std::string& name, Draw& draw);
std::optional<std::string> wrong_letter(const std::string& name, Draw& draw);
/// The words in another order.
std::optional<std::string> other_word_order(const std::string& name, Draw& draw);
std::optional<std::string> unrelated(const std::string& name, Draw& draw);
/// One of the four typos.
std::optional<std::string> typo(const std::string& name, Draw& draw);

}  // namespace tenon::mutation
