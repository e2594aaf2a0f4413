#include "dist/failure.hpp"

#include <nlohmann/json.hpp>

#include "core/diagnostic_json.hpp"
#include "tenon/error.hpp"

namespace tenon::dist {
namespace {

using Json = nlohmann::ordered_json;

const char* class_of(const Error& error) {
  if (dynamic_cast<const KeyError*>(&error) != nullptr) return "key";
  if (dynamic_cast<const ShapeError*>(&error) != nullptr) return "shape";
  if (dynamic_cast<const ModelError*>(&error) != nullptr) return "model";
  if (dynamic_cast<const ContractError*>(&error) != nullptr) return "contract";
  if (dynamic_cast<const FormatError*>(&error) != nullptr) return "format";
  if (dynamic_cast<const DataError*>(&error) != nullptr) return "data";
  if (dynamic_cast<const EngineError*>(&error) != nullptr) return "engine";
  return "";
}

Json to_json(const Diagnostic& problem) {
  Json fixes = Json::array();
  for (const Fix& fix : problem.fixes) {
    fixes.push_back({{"text", fix.text}, {"cpp", fix.cpp}, {"toml", fix.toml}});
  }
  Json json = {{"code", problem.code},
               {"severity", static_cast<int>(problem.severity)},
               {"message", problem.message},
               {"notes", problem.notes},
               {"fixes", fixes},
               {"datasets", problem.datasets}};
  if (problem.run) json["run"] = {problem.run->split, problem.run->epoch, problem.run->step};
  if (problem.sample)
    json["sample"] = {problem.sample->index, problem.sample->id, problem.sample->file,
                      problem.sample->row};
  if (problem.stage) json["stage"] = {problem.stage->index, problem.stage->name};
  return json;
}

Diagnostic diagnostic_of(const Json& json) {
  Diagnostic problem =
      make_diagnostic(json.at("code").get<std::string>(), json.at("message").get<std::string>(),
                      json.at("notes").get<std::vector<std::string>>());
  problem.severity = static_cast<Severity>(json.at("severity").get<int>());
  problem.datasets = json.at("datasets").get<std::vector<std::string>>();
  for (const Json& fix : json.at("fixes")) {
    problem.fixes.push_back({fix.at("text").get<std::string>(), fix.at("cpp").get<std::string>(),
                             fix.at("toml").get<std::string>(), std::nullopt});
  }
  if (json.contains("run")) {
    const Json& run = json["run"];
    problem.run = RunPlace{run.at(0).get<std::string>(), run.at(1).get<std::int64_t>(),
                           run.at(2).get<std::int64_t>()};
  }
  if (json.contains("sample")) {
    const Json& sample = json["sample"];
    problem.sample.emplace();
    problem.sample->index = sample.at(0).get<std::int64_t>();
    problem.sample->id = sample.at(1).get<std::string>();
    problem.sample->file = sample.at(2).get<std::string>();
    problem.sample->row = sample.at(3).get<std::int64_t>();
  }
  if (json.contains("stage")) {
    problem.stage.emplace();
    problem.stage->index = json["stage"].at(0).get<std::int64_t>();
    problem.stage->name = json["stage"].at(1).get<std::string>();
  }
  return problem;
}

}  // namespace

std::string failure_text(const std::exception_ptr& why) {
  Json json = {{"class", ""}, {"problems", Json::array()}};
  try {
    std::rethrow_exception(why);
  } catch (const Error& error) {
    json["class"] = class_of(error);
    for (const Diagnostic& problem : error.diagnostics())
      json["problems"].push_back(to_json(problem));
  } catch (const std::exception& error) {
    json["problems"].push_back(to_json(make_diagnostic("R002", error.what())));
  } catch (...) {
    json["problems"].push_back(to_json(make_diagnostic("R002", "a rank ended")));
  }
  return json_text(json, -1);
}

void throw_failure(const std::string& text, const std::string& note) {
  std::vector<Diagnostic> problems;
  std::string kind;
  try {
    const Json json = Json::parse(text);
    kind = json.at("class").get<std::string>();
    for (const Json& problem : json.at("problems")) problems.push_back(diagnostic_of(problem));
  } catch (const Json::exception&) {
    problems.clear();
  }
  if (problems.empty()) problems.push_back(make_diagnostic("R002", "another rank ended"));
  for (Diagnostic& problem : problems) problem.notes.push_back(note);
  if (kind == "key") throw KeyError(std::move(problems));
  if (kind == "shape") throw ShapeError(std::move(problems));
  if (kind == "model") throw ModelError(std::move(problems));
  if (kind == "contract") throw ContractError(std::move(problems));
  if (kind == "format") throw FormatError(std::move(problems));
  if (kind == "data") throw DataError(std::move(problems));
  if (kind == "engine") throw EngineError(std::move(problems));
  throw Error(std::move(problems));
}

}  // namespace tenon::dist
