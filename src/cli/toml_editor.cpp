#include "cli/toml_editor.hpp"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <utility>

#include "cli/toml_tree.hpp"

namespace tenon::cli {

namespace editing {

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct Replacement {
  Range range;
  std::string text;
};

/// Bytes of a text by toml++'s lines and columns, which count characters from 1.
class Positions {
 public:
  explicit Positions(const std::string& text) : text_(text) {
    lines_.push_back(0);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') lines_.push_back(i + 1);
    }
  }
  std::size_t byte(const toml::source_position& place) const {
    std::size_t at = line_begin(place.line);
    for (std::size_t column = 1; column < place.column && at < text_.size(); ++column) {
      ++at;
      while (at < text_.size() && (static_cast<unsigned char>(text_[at]) & 0xC0U) == 0x80U) ++at;
    }
    return at;
  }
  Range range(const toml::source_region& region) const {
    return {byte(region.begin), byte(region.end)};
  }
  std::size_t line_begin(std::size_t line) const {
    return line == 0 || line > lines_.size() ? text_.size() : lines_[line - 1];
  }

 private:
  const std::string& text_;
  std::vector<std::size_t> lines_;
};

inline std::string applied(const std::string& text, std::vector<Replacement> changes) {
  std::sort(changes.begin(), changes.end(), [](const Replacement& a, const Replacement& b) {
    return a.range.begin > b.range.begin;
  });
  std::string out = text;
  for (const Replacement& change : changes)
    out.replace(change.range.begin, change.range.end - change.range.begin, change.text);
  return out;
}

/// What stands before `at` on its line; nothing if that is more than blanks.
inline std::optional<std::string> indentation(const std::string& text, std::size_t at) {
  const std::size_t newline = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
  const std::size_t begin = newline == std::string::npos ? 0 : newline + 1;
  const std::string before = text.substr(begin, at - begin);
  if (before.find_first_not_of(" \t") != std::string::npos) return std::nullopt;
  return before;
}

inline bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace editing

using namespace editing;  // NOLINT: this file's own.

/// The parsed file with the places of its values.
struct TomlEditor::Tree {
  explicit Tree(const std::string& source)
      : text(source), root(toml::parse(source)), positions(source) {}

  const toml::array* stages() const { return root["data"]["stages"].as_array(); }
  const toml::table* stage(std::size_t place) const {
    const toml::array* all = stages();
    return all == nullptr || place >= all->size() ? nullptr : all->get(place)->as_table();
  }
  Range range(const toml::node& node) const { return positions.range(node.source()); }
  std::string text_of(const toml::node& node) const {
    const Range place = range(node);
    return text.substr(place.begin, place.end - place.begin);
  }
  /// Where the block under a header ([…] or [[…]]) ends: behind its last value.
  std::size_t block_end(const toml::table& table) const {
    std::size_t end = range(table).end;
    for (const auto& [key, value] : table) end = std::max(end, range(value).end);
    const std::size_t newline = text.find('\n', end);
    return newline == std::string::npos ? text.size() : newline + 1;
  }
  /// Behind the last value of an inline table, or behind its brace.
  std::size_t inline_end(const toml::table& table) const {
    std::size_t end = range(table).begin + 1;
    for (const auto& [key, value] : table) end = std::max(end, range(value).end);
    return end;
  }
  Replacement new_entry(const toml::table& table, const std::string& key,
                        const ArgumentValue& value) const {
    const std::string entry = fmt::format("{} = {}", toml_key(key), to_toml(value));
    if (table.is_inline()) {
      const std::size_t at = inline_end(table);
      return {{at, at}, fmt::format("{} {}", table.empty() ? "" : ",", entry)};
    }
    const std::size_t at = block_end(table);
    const bool open = at > 0 && text[at - 1] != '\n';
    return {{at, at}, fmt::format("{}{}\n", open ? "\n" : "", entry)};
  }
  const toml::node* find(const std::vector<std::string>& path) const {
    const toml::node* node = &root;
    for (const std::string& name : path) {
      const toml::table* table = node == nullptr ? nullptr : node->as_table();
      node = table == nullptr ? nullptr : table->get(name);
    }
    return node;
  }
  void find_texts(const toml::node& node, const std::string& wanted, const std::string& replacement,
                  std::vector<Replacement>& found) const {
    if (const auto* string = node.as_string()) {
      if (string->get() == wanted) found.push_back({range(node), toml_text(replacement)});
    } else if (const auto* array = node.as_array()) {
      for (const auto& entry : *array) find_texts(entry, wanted, replacement, found);
    } else if (const auto* table = node.as_table()) {
      for (const auto& [key, value] : *table) {
        if (key.str() == "op" || key.str() == "only" || key.str() == "kind") continue;
        find_texts(value, wanted, replacement, found);
      }
    }
  }

  const std::string& text;
  toml::table root;
  Positions positions;
};

TomlEditor::TomlEditor(std::string text, const std::string& file) : text_(std::move(text)) {
  parse_toml(text_, file);  // Refuses what is not TOML, with a diagnostic.
  tree_ = std::make_unique<Tree>(text_);
}

TomlEditor::~TomlEditor() = default;

namespace {

std::string block_of(const ArgumentMap& stage) {
  std::string out = "[[data.stages]]\n";
  for (const auto& [key, value] : stage)
    out += fmt::format("{} = {}\n", toml_key(key), to_toml(value));
  return out;
}

}  // namespace

std::optional<std::string> TomlEditor::insert_stage(std::size_t place,
                                                    const ArgumentMap& stage) const {
  const std::string line = to_toml({stage, 0});
  const toml::array* all = tree_->stages();
  if (all == nullptr) {
    const toml::table* data = tree_->root["data"].as_table();
    if (data == nullptr || tree_->root["data"]["stages"]) return std::nullopt;
    const std::size_t header = tree_->range(*data).begin;
    const bool own_header = text_.compare(header, 6, "[data]") == 0;
    const std::size_t newline = std::min(text_.find('\n', header), text_.size() - 1);
    const std::string stages = fmt::format("stages = [\n  {},\n]\n", line);
    if (own_header) return applied(text_, {{{newline + 1, newline + 1}, stages}});
    std::size_t first = std::string::npos;
    for (const auto& [key, value] : *data) first = std::min(first, tree_->range(value).begin);
    if (first == std::string::npos) return std::nullopt;
    return applied(text_, {{{first, first}, "[data]\n" + stages}});
  }
  if (all->empty()) {
    const std::size_t at = tree_->range(*all).begin + 1;
    return applied(text_, {{{at, at}, " " + line + " "}});
  }
  const bool blocks = all->front().is_table() && !all->front().as_table()->is_inline();
  if (place < all->size()) {
    const std::size_t at = tree_->range(*all->get(place)).begin;
    if (blocks) return applied(text_, {{{at, at}, block_of(stage) + "\n"}});
    const auto indent = indentation(text_, at);
    return applied(text_, {{{at, at}, line + (indent ? ",\n" + *indent : std::string(", "))}});
  }
  if (blocks) {
    const std::size_t at = tree_->block_end(*all->back().as_table());
    const bool open = at > 0 && text_[at - 1] != '\n';
    return applied(text_, {{{at, at}, (open ? "\n\n" : "\n") + block_of(stage)}});
  }
  const Range last = tree_->range(all->back());
  const auto indent = indentation(text_, last.begin);
  const std::string gap = indent ? ",\n" + *indent : std::string(", ");
  return applied(text_, {{{last.end, last.end}, gap + line}});
}

std::optional<std::string> TomlEditor::remove_stage(std::size_t place) const {
  const toml::table* stage = tree_->stage(place);
  if (stage == nullptr) return std::nullopt;
  Range range = tree_->range(*stage);
  if (!stage->is_inline()) {
    range.end = tree_->block_end(*stage);
    return applied(text_, {{range, ""}});
  }
  const std::size_t comma = text_.find_first_not_of(" \t\n", range.end);
  if (comma != std::string::npos && text_[comma] == ',') range.end = comma + 1;
  const auto indent = indentation(text_, range.begin);
  const std::size_t newline = std::min(text_.find('\n', range.end), text_.size());
  const std::size_t rest = text_.find_first_not_of(" \t", range.end);
  const bool line_is_done = rest == std::string::npos || rest >= newline || text_[rest] == '#';
  if (indent && line_is_done) {
    range = {range.begin - indent->size(), std::min(newline + 1, text_.size())};
  } else {
    range.end = rest == std::string::npos ? range.end : std::min(rest, newline);
  }
  return applied(text_, {{range, ""}});
}

std::optional<std::string> TomlEditor::move_stage(std::size_t from, std::size_t to) const {
  const toml::table* stage = tree_->stage(from);
  const toml::table* other = tree_->stage(to);
  if (stage == nullptr || other == nullptr || to >= from) return std::nullopt;
  const std::size_t at = tree_->range(*other).begin;
  const auto without = remove_stage(from);
  if (!without || stage->is_inline() != other->is_inline()) return std::nullopt;
  const std::size_t begin = tree_->range(*stage).begin;
  if (!stage->is_inline()) {
    const std::string block = text_.substr(begin, tree_->block_end(*stage) - begin);
    return applied(*without, {{{at, at}, block + "\n"}});
  }
  const auto indent = indentation(text_, at);
  return applied(
      *without,
      {{{at, at}, tree_->text_of(*stage) + (indent ? ",\n" + *indent : std::string(", "))}});
}

std::optional<std::string> TomlEditor::set_argument(std::size_t place, const std::string& name,
                                                    const ArgumentValue& value) const {
  const toml::table* stage = tree_->stage(place);
  if (stage == nullptr) return std::nullopt;
  if (const toml::node* old = stage->get(name))
    return applied(text_, {{tree_->range(*old), to_toml(value)}});
  return applied(text_, {tree_->new_entry(*stage, name, value)});
}

std::optional<std::string> TomlEditor::add_items(std::size_t place, const std::string& name,
                                                 const std::vector<std::string>& items) const {
  const toml::table* stage = tree_->stage(place);
  const toml::array* list = stage == nullptr ? nullptr : (*stage)[name].as_array();
  if (list == nullptr) return std::nullopt;
  std::string added;
  for (const std::string& item : items)
    added += fmt::format("{}{}", added.empty() && list->empty() ? "" : ", ", toml_text(item));
  const std::size_t at =
      list->empty() ? tree_->range(*list).begin + 1 : tree_->range(list->back()).end;
  return applied(text_, {{{at, at}, added}});
}

std::optional<std::string> TomlEditor::remove_items(std::size_t place, const std::string& name,
                                                    const std::vector<std::string>& items) const {
  const toml::table* stage = tree_->stage(place);
  const toml::node* value = stage == nullptr ? nullptr : stage->get(name);
  if (value == nullptr) return std::nullopt;
  std::string rest;
  std::size_t taken = 0;
  const auto keep = [&](const std::string& entry) { rest += (rest.empty() ? "" : ", ") + entry; };
  if (const auto* list = value->as_array()) {
    for (const auto& entry : *list) {
      const auto* text = entry.as_string();
      if (text != nullptr && contains(items, text->get())) {
        ++taken;
      } else {
        keep(tree_->text_of(entry));
      }
    }
    if (taken == 0 || rest.empty()) return std::nullopt;
    return applied(text_, {{tree_->range(*value), "[" + rest + "]"}});
  }
  const auto* map = value->as_table();
  if (map == nullptr) return std::nullopt;
  for (const auto& [key, entry] : *map) {
    if (contains(items, key.str())) {
      ++taken;
    } else {
      keep(fmt::format("{} = {}", toml_key(key.str()), tree_->text_of(entry)));
    }
  }
  if (taken == 0 || rest.empty()) return std::nullopt;
  return applied(text_, {{tree_->range(*value), "{ " + rest + " }"}});
}

std::optional<std::string> TomlEditor::replace_text(std::size_t place, const std::string& text,
                                                    const std::string& replacement) const {
  const toml::table* stage = tree_->stage(place);
  if (stage == nullptr) return std::nullopt;
  std::vector<Replacement> found;
  tree_->find_texts(*stage, text, replacement, found);
  if (const toml::table* map = (*stage)["map"].as_table()) {
    for (const auto& [key, value] : *map) {
      if (key.str() == text)
        found.push_back({tree_->positions.range(key.source()), toml_key(replacement)});
    }
  }
  if (found.empty()) return std::nullopt;
  return applied(text_, std::move(found));
}

std::optional<std::string> TomlEditor::set_setting(const std::vector<std::string>& path,
                                                   const ArgumentValue& value) const {
  if (const toml::node* old = tree_->find(path)) {
    const toml::table* named = old->as_table();
    if (named != nullptr && named->get("name") != nullptr) old = named->get("name");
    return applied(text_, {{tree_->range(*old), to_toml(value)}});
  }
  const std::vector<std::string> above(path.begin(), path.end() - 1);
  const toml::node* parent = tree_->find(above);
  if (parent == nullptr) return std::nullopt;
  if (parent->is_string()) return applied(text_, {{tree_->range(*parent), to_toml(value)}});
  const toml::table* table = parent->as_table();
  if (table == nullptr) return std::nullopt;
  if (above.size() > 1 && table->get("name") != nullptr)
    return applied(text_, {{tree_->range(*table->get("name")), to_toml(value)}});
  return applied(text_, {tree_->new_entry(*table, path.back(), value)});
}

std::optional<std::string> TomlEditor::rename_setting(const std::vector<std::string>& path,
                                                      const std::string& replacement) const {
  const toml::node* parent = tree_->find({path.begin(), path.end() - 1});
  const toml::table* table = parent == nullptr ? nullptr : parent->as_table();
  if (table == nullptr || table->get(replacement) != nullptr) return std::nullopt;
  for (const auto& [key, value] : *table) {
    if (key.str() != path.back()) continue;
    return applied(text_, {{tree_->positions.range(key.source()), toml_key(replacement)}});
  }
  return std::nullopt;
}

std::optional<std::string> TomlEditor::replace_setting(const std::vector<std::string>& path,
                                                       const std::string& text,
                                                       const std::string& replacement) const {
  const toml::node* node = tree_->find(path);
  if (node == nullptr) return std::nullopt;
  std::vector<Replacement> found;
  tree_->find_texts(*node, text, replacement, found);
  if (found.empty()) return std::nullopt;
  return applied(text_, std::move(found));
}

}  // namespace tenon::cli
