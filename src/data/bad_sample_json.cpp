#include "data/bad_sample_json.hpp"

#include <nlohmann/json.hpp>

namespace tenon::data {
namespace {

using Json = nlohmann::json;

Json to_json(const SampleIdentity& sample) {
  return {{"index", sample.index}, {"id", sample.id}, {"file", sample.file}, {"row", sample.row}};
}

SampleIdentity sample_from(const Json& json) {
  return {json.at("index").get<std::int64_t>(), json.at("id").get<std::string>(),
          json.at("file").get<std::string>(), json.at("row").get<std::int64_t>()};
}

}  // namespace

Json bad_sample_to_json(const BadSample& bad) {
  return {{"sample", to_json(bad.sample)},
          {"source", to_json(bad.source)},
          {"stage", bad.stage.index},
          {"stage_name", bad.stage.name},
          {"stage_file", bad.stage.location.file},
          {"line", bad.stage.location.line},
          {"reason", bad.reason},
          {"split", bad.split}};
}

BadSample bad_sample_from_json(const Json& json) {
  BadSample bad;
  bad.sample = sample_from(json.at("sample"));
  bad.source = sample_from(json.at("source"));
  bad.stage.index = json.at("stage").get<std::int64_t>();
  bad.stage.name = json.at("stage_name").get<std::string>();
  bad.stage.location = {intern_file(json.at("stage_file").get<std::string>().c_str()),
                        json.at("line").get<int>()};
  bad.reason = json.at("reason").get<std::string>();
  // Iterators' states of before have none.
  bad.split = json.value("split", std::string());
  return bad;
}

}  // namespace tenon::data
