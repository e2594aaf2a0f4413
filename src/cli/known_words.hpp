#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/table_reader.hpp"
#include "tenon/callbacks.hpp"

// The words of an experiment file, each with its arguments, stated once: what reads the file and
// what writes its documentation use them.
namespace tenon::cli {

/// Stages and sources of data and of io/readers, by their words.
std::vector<const data::StageEntry*> all_stages();
std::vector<const data::SourceEntry*> all_sources();

/// A callback of [fit].
struct CallbackEntry {
  std::string_view word;
  std::string_view help;
  std::vector<data::ArgumentDescriptor> arguments;
  /// Relative files are put into `folder`. Throws ContractError (A001).
  std::shared_ptr<Callback> (*make)(TableReader& table, const std::string& folder);
};
const std::vector<CallbackEntry>& callback_entries();

/// The tables of docs/stages.md: all stages, sources, callbacks, optimizers, losses and metrics, in
/// Markdown. A test holds the page to it.
std::string word_tables();

}  // namespace tenon::cli
