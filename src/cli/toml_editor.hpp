#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/change.hpp"
#include "tenon/diagnostic.hpp"

namespace tenon::cli {

/// Changes an experiment file as text, so that its comments and its layout stay. Each call gives
/// the whole new text, or nothing where the change has no place in the file. Stages count from 0
/// in the file, whatever splits they are `only` for.
class TomlEditor {
 public:
  /// Throws FormatError (C001) if `text` is not TOML.
  TomlEditor(std::string text, const std::string& file);
  ~TomlEditor();
  TomlEditor(const TomlEditor&) = delete;
  TomlEditor& operator=(const TomlEditor&) = delete;

  std::optional<std::string> insert_stage(std::size_t place, const ArgumentMap& stage) const;
  /// The stage, with its layout, before an earlier one.
  std::optional<std::string> move_stage(std::size_t from, std::size_t to) const;
  std::optional<std::string> remove_stage(std::size_t place) const;
  std::optional<std::string> set_argument(std::size_t place, const std::string& name,
                                          const ArgumentValue& value) const;
  std::optional<std::string> add_items(std::size_t place, const std::string& name,
                                       const std::vector<std::string>& items) const;
  std::optional<std::string> remove_items(std::size_t place, const std::string& name,
                                          const std::vector<std::string>& items) const;
  /// Also keys of a map; `op` and `only` are not touched.
  std::optional<std::string> replace_text(std::size_t place, const std::string& text,
                                          const std::string& replacement) const;
  /// A path below a table that is there: {"fit", "loss", "cell"}. A loss that is given once, or by
  /// a table with a name, is changed in that form.
  std::optional<std::string> set_setting(const std::vector<std::string>& path,
                                         const ArgumentValue& value) const;
  std::optional<std::string> rename_setting(const std::vector<std::string>& path,
                                            const std::string& replacement) const;
  /// Every text below `path` that is `text`.
  std::optional<std::string> replace_setting(const std::vector<std::string>& path,
                                             const std::string& text,
                                             const std::string& replacement) const;

 private:
  struct Tree;
  std::string text_;
  std::unique_ptr<Tree> tree_;
};

/// What turns `before` into `after`, by whole lines.
Edit edit_between(const std::string& before, const std::string& after, const std::string& file);

/// The change as a unified diff with three lines around it; empty if nothing changes.
std::string unified_diff(const std::string& before, const std::string& after,
                         const std::string& file);

}  // namespace tenon::cli
