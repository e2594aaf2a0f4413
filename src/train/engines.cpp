#include "train/engines.hpp"

#include <fmt/format.h>

#include <array>

#include "core/name_list.hpp"
#include "core/text_distance.hpp"
#include "tenon/error.hpp"
#include "train/words.hpp"

namespace tenon::backend {

const Engine& engine_by_name(std::string_view name) {
  if (name.empty()) return has_onednn_engine() ? onednn_engine() : reference_engine();
  if (name == "onednn") return onednn_engine();
  if (name == "reference") return reference_engine();
  const std::array<std::string, 2> known = {"onednn", "reference"};
  Diagnostic diagnostic =
      make_diagnostic("E001", fmt::format("there is no engine {}", quote_key(name)),
                      {fmt::format("known are {}", list_names(known))});
  if (const auto nearest = nearest_name(name, known)) {
    diagnostic.candidate = *nearest;
    diagnostic.notes.push_back(fmt::format("the nearest is {}", quote_key(*nearest)));
  }
  throw EngineError(std::move(diagnostic));
}

Precision precision_by_name(std::string_view word) {
  if (word == "float32") return Precision::kFloat32;
  if (word == "mixed_bfloat16") return Precision::kMixedBFloat16;
  const std::array<std::string, 2> known = {"float32", "mixed_bfloat16"};
  train::throw_unknown_word("precision", word, known);
}

}  // namespace tenon::backend
