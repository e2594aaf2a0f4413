#include "data/registry.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/name_list.hpp"
#include "core/text_distance.hpp"
#include "data/arguments.hpp"
#include "data/stages/entries.hpp"

namespace tenon::data {
namespace {

template <class T>
bool is(const ArgumentValue& value) {
  return std::holds_alternative<T>(value.value);
}

bool is_number(const ArgumentValue& value) { return is<std::int64_t>(value) || is<double>(value); }

template <class Check>
bool is_list_of(const ArgumentValue& value, Check check) {
  const auto* list = std::get_if<ArgumentValue::List>(&value.value);
  return list != nullptr && std::all_of(list->begin(), list->end(), check);
}

bool is_text_map(const ArgumentValue& value) {
  const auto* map = std::get_if<ArgumentValue::Map>(&value.value);
  return map != nullptr && std::all_of(map->begin(), map->end(), [](const auto& entry) {
           return is<std::string>(entry.second);
         });
}

bool has_type(const ArgumentValue& value, ArgumentType type) {
  switch (type) {
    case ArgumentType::kBool:
      return is<bool>(value);
    case ArgumentType::kInteger:
      return is<std::int64_t>(value);
    case ArgumentType::kNumber:
      return is_number(value);
    case ArgumentType::kText:
      return is<std::string>(value);
    case ArgumentType::kTextList:
      return is_list_of(value, is<std::string>);
    case ArgumentType::kTextOrList:
      return is<std::string>(value) || is_list_of(value, is<std::string>);
    case ArgumentType::kIntegerList:
      return is_list_of(value, is<std::int64_t>);
    case ArgumentType::kNumberList:
      return is_list_of(value, is_number);
    case ArgumentType::kTextMap:
      return is_text_map(value);
    case ArgumentType::kNumberOrList:
      return is_number(value) || is_list_of(value, is_number);
    case ArgumentType::kAny:
      break;
  }
  return true;
}

class ArgumentCheck {
 public:
  ArgumentCheck(std::string_view owner, const std::vector<ArgumentDescriptor>& known,
                std::string_view file, int line)
      : owner_(owner), known_(known), file_(file), line_(line) {
    for (const ArgumentDescriptor& argument : known) names_.emplace_back(argument.name);
  }

  void check_given(const std::string& name, const ArgumentValue& value) {
    const auto argument =
        std::find_if(known_.begin(), known_.end(),
                     [&](const ArgumentDescriptor& entry) { return entry.name == name; });
    if (argument == known_.end()) {
      note_unknown(name, value.line);
    } else if (!has_type(value, argument->type)) {
      note(value.line, fmt::format("{} = {}", name, written_text(value)),
           fmt::format("expected: {}", describe(argument->type)), "");
    }
  }

  void check_missing(const ArgumentMap& given) {
    for (const ArgumentDescriptor& argument : known_) {
      const bool is_given = std::any_of(given.begin(), given.end(), [&](const auto& entry) {
        return entry.first == argument.name;
      });
      if (!argument.required || is_given || is_meant(argument.name)) continue;
      note(line_, fmt::format("the argument {} is missing", argument.name),
           fmt::format("expected: {}: {}", describe(argument.type), argument.help),
           fmt::format("add {} = …", argument.name));
    }
  }

  /// True if an unknown word was given that is near this argument: then it is not missing too.
  bool is_meant(std::string_view name) const {
    return std::any_of(diagnostics_.begin(), diagnostics_.end(),
                       [&](const Diagnostic& each) { return each.candidate == name; });
  }

  std::vector<Diagnostic> take() { return std::move(diagnostics_); }

 private:
  void note_unknown(const std::string& name, int line) {
    const auto nearest = nearest_name(name, names_);
    note(line, fmt::format("there is no argument {}", quote_key(name)),
         names_.empty() ? std::string("it takes none")
                        : fmt::format("the arguments are: {}", list_names(names_)),
         nearest ? fmt::format("write {} in place of {}", *nearest, name) : "");
    if (nearest) diagnostics_.back().candidate = *nearest;
  }

  void note(int line, const std::string& what, const std::string& expected, std::string fix) {
    // Below 0 a caller may count what stands in no file.
    const int at = line != 0 ? line : line_;
    const std::string place = at > 0 ? fmt::format("{}:{}: ", file_, at) : std::string();
    Diagnostic diagnostic = make_diagnostic("C001", fmt::format("{}{}: {}", place, owner_, what),
                                            {expected}, std::move(fix));
    diagnostic.stage =
        StageReference{-1, std::string(owner_), {intern_file(std::string(file_).c_str()), at}};
    diagnostics_.push_back(std::move(diagnostic));
  }

  std::string_view owner_;
  const std::vector<ArgumentDescriptor>& known_;
  std::string_view file_;
  int line_;
  std::vector<std::string> names_;
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace

std::string_view describe(ArgumentType type) noexcept {
  switch (type) {
    case ArgumentType::kBool:
      return "true or false";
    case ArgumentType::kInteger:
      return "a whole number";
    case ArgumentType::kNumber:
      return "a number";
    case ArgumentType::kText:
      return "a text";
    case ArgumentType::kTextList:
      return "a list of texts";
    case ArgumentType::kTextOrList:
      return "a text, or a list of texts";
    case ArgumentType::kIntegerList:
      return "a list of whole numbers";
    case ArgumentType::kNumberList:
      return "a list of numbers";
    case ArgumentType::kTextMap:
      return "a table of texts";
    case ArgumentType::kNumberOrList:
      return "a number, or a list of numbers";
    case ArgumentType::kAny:
      break;
  }
  return "any value";
}

const std::vector<StageEntry>& stage_entries() {
  static const std::vector<StageEntry> entries = {batch_entry(),
                                                  cache_entry(),
                                                  cast_entry(),
                                                  copy_entry(),
                                                  crop_around_entry(),
                                                  crop_box_entry(),
                                                  crop_center_entry(),
                                                  crop_foreground_entry(),
                                                  drop_entry(),
                                                  encode_entry(),
                                                  equalize_histogram_entry(),
                                                  filter_entry(),
                                                  interleave_entry(),
                                                  merge_channels_entry(),
                                                  mixup_entry(),
                                                  multi_scale_patches_entry(),
                                                  normalize_entry(),
                                                  one_hot_entry(),
                                                  orientation_entry(),
                                                  pad_entry(),
                                                  pad_to_multiple_entry(),
                                                  prefetch_entry(),
                                                  random_affine_entry(),
                                                  random_blur_entry(),
                                                  random_brightness_entry(),
                                                  random_contrast_entry(),
                                                  random_crop_entry(),
                                                  random_crop_by_label_entry(),
                                                  random_cutout_entry(),
                                                  random_elastic_entry(),
                                                  random_flip_entry(),
                                                  random_gamma_entry(),
                                                  random_low_resolution_entry(),
                                                  random_noise_entry(),
                                                  random_rotate_90_entry(),
                                                  rename_entry(),
                                                  repeat_entry(),
                                                  resize_entry(),
                                                  scale_entry(),
                                                  select_entry(),
                                                  shard_entry(),
                                                  shuffle_entry(),
                                                  skip_entry(),
                                                  spacing_entry(),
                                                  split_channels_entry(),
                                                  take_entry(),
                                                  transpose_entry(),
                                                  window_entry(),
                                                  z_score_entry()};
  return entries;
}

// Tensors, functions and generators are given in C++ only; files are the readers'.
const std::vector<SourceEntry>& source_entries() {
  static const std::vector<SourceEntry> entries;
  return entries;
}

std::vector<Diagnostic> check_arguments(std::string_view owner, const ArgumentMap& given,
                                        const std::vector<ArgumentDescriptor>& known,
                                        std::string_view file, int line) {
  ArgumentCheck check(owner, known, file, line);
  for (const auto& [name, value] : given) check.check_given(name, value);
  check.check_missing(given);
  return check.take();
}

}  // namespace tenon::data
