#include "judge.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace tenon::mutation {
namespace {

using Json = nlohmann::json;

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : ""; }

/// One key of a diagnostic, with the stage that is told for it.
struct Told {
  const Json* diagnostic = nullptr;
  std::string key;
  Json stage;
};

std::vector<Told> told_keys(const Outcome& outcome, const std::string& severity) {
  std::vector<Told> all;
  if (!outcome.json.is_object()) return all;
  for (const Json& diagnostic : outcome.json.at("diagnostics")) {
    if (diagnostic.at("severity") != severity) continue;
    all.push_back({&diagnostic, text_of(diagnostic.at("key")), diagnostic.at("stage")});
    const Json& keys = diagnostic.at("keys");
    for (std::size_t i = 1; i < keys.size(); ++i)
      all.push_back({&diagnostic, text_of(keys[i].at("key")), keys[i].at("stage")});
  }
  return all;
}

/// The split whose list of stages an index counts in.
std::string split_of(const Json& diagnostic) {
  const Json& splits = diagnostic.at("datasets");
  return splits.empty() ? "train" : splits.at(0).get<std::string>();
}

bool is_stage(const Case& one, const Rendered& rendered, const Told& told, int id) {
  if (id == kAnyStage) return true;
  if (id == kNoStage) return told.stage.is_null() || told.stage.at("name") == "experiment file";
  if (told.stage.is_null()) return false;
  const std::string split = split_of(*told.diagnostic);
  int line = 0;
  if (id == kSource) {
    const auto found = rendered.split_line.find(split);
    if (found != rendered.split_line.end()) line = found->second;
  } else {
    const auto found = rendered.stage_line.find(id);
    if (found != rendered.stage_line.end()) line = found->second;
  }
  return told.stage.at("index") == index_in(one.experiment, split, id) &&
         told.stage.at("line") == line;
}

bool is_right_stage(const Case& one, const Rendered& rendered, const Told& told,
                    const Fault& fault) {
  if (!fault.places.empty()) {
    return !told.stage.is_null() &&
           std::any_of(fault.places.begin(), fault.places.end(), [&](const std::string& place) {
             const int line = line_of(rendered, place);
             return line > 0 && told.stage.at("line") == line;
           });
  }
  return std::any_of(fault.stages.begin(), fault.stages.end(),
                     [&](int id) { return is_stage(one, rendered, told, id); });
}

/// What tells the fault best: the code and the key, else the code, else the key.
const Told* best_of(const std::vector<Told>& all, const Fault& fault) {
  const Told* best = nullptr;
  int most = 0;
  for (const Told& told : all) {
    const int points = (contains(fault.codes, told.diagnostic->at("code")) ? 2 : 0) +
                       (contains(fault.keys, told.key) ? 3 : 0);
    if (points > most) {
      most = points;
      best = &told;
    }
  }
  return best;
}

std::string describe_stages(const Case& one, const Rendered& rendered, const Fault& fault) {
  std::string out;
  for (const std::string& place : fault.places)
    out += " line " + std::to_string(line_of(rendered, place));
  if (!fault.places.empty()) return out;
  for (const int id : fault.stages) {
    if (id == kAnyStage) out += " any";
    if (id == kNoStage) out += " none";
    if (id == kSource) out += " the source";
    const auto found = rendered.stage_line.find(id);
    if (found != rendered.stage_line.end())
      out += " " + std::to_string(index_in(one.experiment, "train", id)) + " (line " +
             std::to_string(found->second) + ")";
  }
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " or ") + word;
  return out;
}

std::string tell(const Case& one, const Rendered& rendered, const Outcome& outcome,
                 const Fault& fault) {
  std::ostringstream out;
  out << "  " << fault.what << "\n  expected: " << joined(fault.codes) << " key \""
      << joined(fault.keys) << "\" stage" << describe_stages(one, rendered, fault)
      << "\n  got: status " << outcome.status << "\n";
  if (!outcome.json.is_object()) {
    out << "    " << outcome.out << outcome.err << "\n";
    return out.str();
  }
  for (const Json& each : outcome.json.at("diagnostics")) {
    if (each.at("severity") == "note") continue;
    out << "    " << each.at("code") << " " << each.at("severity") << " keys";
    for (const Json& key : each.at("keys")) out << " " << key.at("key");
    out << " stage " << each.at("stage").dump() << " " << each.at("datasets").dump() << "\n      "
        << each.at("message") << "\n";
  }
  return out.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// `text` with the lines of `edit` replaced; lines count from 1, and an insertion ends before it
/// begins.
std::string edited(const std::string& text, const Json& edit) {
  const std::vector<std::string> lines = lines_of(text);
  const auto first = edit.at("first_line").get<std::size_t>();
  const auto last = edit.at("last_line").get<std::size_t>();
  std::string out;
  std::string replacement = edit.at("replacement");
  if (!replacement.empty() && replacement.back() != '\n') replacement += '\n';
  for (std::size_t line = 1; line <= lines.size() + 1; ++line) {
    if (line == first) out += replacement;
    const bool kept = line <= lines.size() && (line < first || line > last);
    if (kept) out += lines[line - 1] + "\n";
  }
  return out;
}

/// A file that cannot be read ends with another status than data that do not fit.
int right_status(const Case& one) {
  int status = 0;
  for (const Fault& fault : one.faults) {
    if (fault.severity == "error") status = std::max(status, fault.places.empty() ? 1 : 2);
  }
  return status;
}

}  // namespace

Verdict judge(const Case& one, const Written& written, const Outcome& outcome, const Fault& fault) {
  Verdict verdict;
  const std::vector<Told> all = told_keys(outcome, fault.severity);
  const Told* told = best_of(all, fault);
  if (told != nullptr) {
    verdict.code =
        contains(fault.codes, told->diagnostic->at("code")) && outcome.status == right_status(one);
    verdict.key = contains(fault.keys, told->key);
    verdict.stage = is_right_stage(one, written.rendered, *told, fault);
    // Keys of one problem may all have been meant: any of them may have the right stage.
    for (const Told& other : all) {
      const bool same = other.diagnostic == told->diagnostic && contains(fault.keys, other.key);
      if (same && is_right_stage(one, written.rendered, other, fault)) verdict.stage = true;
    }
    const auto others = std::count_if(all.begin(), all.end(), [&](const Told& other) {
      return other.diagnostic != told->diagnostic;
    });
    verdict.alone = others == 0;
  }
  if (!verdict.code || !verdict.key || !verdict.stage || !verdict.alone)
    verdict.story = tell(one, written.rendered, outcome, fault);
  return verdict;
}

bool first_fix_mends(const Case&, const Written& written, const Outcome& outcome,
                     const Fault& fault, std::string& story) {
  const std::vector<Told> all = told_keys(outcome, fault.severity);
  const Told* told = best_of(all, fault);
  if (told == nullptr) return false;
  const Json& fixes = told->diagnostic->at("fixes");
  if (fixes.empty() || fixes.at(0).at("edit").is_null()) {
    story +=
        "  no edit in the first fix: " + (fixes.empty() ? "no fix" : fixes.at(0).dump()) + "\n";
    return false;
  }
  const Json& edit = fixes.at(0).at("edit");
  const std::string mended = written.file.substr(0, written.file.size() - 5) + "_mended.toml";
  std::ofstream(mended, std::ios::binary) << edited(written.rendered.text, edit);
  const Outcome after = check(mended);
  bool passes = after.status == 0 && after.json.is_object();
  if (passes && fault.severity == "warning") {
    for (const Json& each : after.json.at("diagnostics"))
      passes = passes && each.at("severity") == "note";
  }
  if (!passes) {
    story += "  the first fix does not mend: " + edit.dump() +
             "\n    then: " + after.out.substr(0, 600) + after.err.substr(0, 300) + "\n";
  }
  return passes;
}

}  // namespace tenon::mutation
