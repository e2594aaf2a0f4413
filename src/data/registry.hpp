#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/argument_value.hpp"
#include "tenon/dataset.hpp"

namespace tenon::data {

using tenon::ArgumentMap;
using tenon::ArgumentValue;

enum class ArgumentType : std::uint8_t {
  kBool,
  kInteger,
  kNumber,
  kText,
  kTextList,
  kTextOrList,
  kIntegerList,
  kNumberList,
  kTextMap,
  kNumberOrList,
  kAny,
};

/// "a whole number", "a list of texts", …
std::string_view describe(ArgumentType type) noexcept;

/// One argument of a stage or a source: the fact stated once, read by the experiment file, the docs
/// table and the messages.
struct ArgumentDescriptor {
  std::string_view name;
  ArgumentType type = ArgumentType::kAny;
  bool required = false;
  std::string default_text;  ///< As TOML would write it; empty where required.
  std::string_view help;
};

/// One word of the experiment file. `apply` takes arguments whose names and types were checked
/// against `arguments`; it throws ContractError (A001) on values out of range.
struct StageEntry {
  std::string_view op;
  std::string_view help;
  std::vector<ArgumentDescriptor> arguments;
  std::function<Dataset(const Dataset& dataset, const ArgumentMap& arguments,
                        SourceLocation location)>
      apply;
};
struct SourceEntry {
  std::string_view kind;
  std::string_view help;
  std::vector<ArgumentDescriptor> arguments;
  /// `folder`: what relative paths are relative to.
  std::function<Dataset(const ArgumentMap& arguments, const std::string& folder,
                        SourceLocation location)>
      make;
};

/// The stages and sources of the data room. io/readers has its own lists (readers::stage_entries,
/// readers::source_entries); the command joins them.
const std::vector<StageEntry>& stage_entries();
const std::vector<SourceEntry>& source_entries();

/// Checks names and types of `given` against `known`; returns C001 diagnostics with the line and
/// the nearest known word.
std::vector<Diagnostic> check_arguments(std::string_view owner, const ArgumentMap& given,
                                        const std::vector<ArgumentDescriptor>& known,
                                        std::string_view file, int line);

}  // namespace tenon::data
