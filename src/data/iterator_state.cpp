#include "data/iterator_state.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "data/bad_sample_json.hpp"

namespace tenon::data {
namespace {

using Json = nlohmann::json;

constexpr const char* kFormat = "tenon.dataset_iterator";
constexpr int kVersion = 1;

Json to_json(const NodeState& node) {
  Json items = Json::array();
  for (const Tickets& tickets : node.items) {
    Json flat = Json::array();
    for (const Ticket& ticket : tickets) {
      flat.push_back(ticket.index);
      flat.push_back(ticket.pass);
    }
    items.push_back(std::move(flat));
  }
  return {{"kind", node.kind}, {"numbers", node.numbers}, {"items", std::move(items)}};
}

NodeState node_from(const Json& json) {
  NodeState node;
  node.kind = json.at("kind").get<std::string>();
  node.numbers = json.at("numbers").get<std::map<std::string, std::uint64_t>>();
  for (const Json& flat : json.at("items")) {
    if (flat.empty() || flat.size() % 2 != 0) throw_bad_state("an item is no list of pairs");
    Tickets tickets;
    for (std::size_t i = 0; i < flat.size(); i += 2) {
      tickets.push_back({flat[i].get<std::int64_t>(), flat[i + 1].get<std::uint64_t>()});
    }
    node.items.push_back(std::move(tickets));
  }
  return node;
}

IteratorState state_from(const Json& json) {
  if (json.at("format") != kFormat) throw_bad_state("it is no state of a dataset's iterator");
  if (json.at("version") != kVersion) {
    throw_bad_state(fmt::format("it is of version {}; this program reads version {}",
                                json.at("version").dump(), kVersion));
  }
  IteratorState state;
  state.fingerprint = json.at("pipeline").get<std::vector<std::string>>();
  // Not in the first ones.
  state.contents = json.value("contents", std::vector<std::string>());
  state.seed = json.at("seed").get<std::uint64_t>();
  state.epoch = json.at("epoch").get<std::int64_t>();
  state.delivered = json.at("delivered").get<std::int64_t>();
  state.counts = {json.at("read").get<std::int64_t>(), json.at("bad").get<std::int64_t>()};
  for (const Json& bad : json.at("bad_samples"))
    state.bad_samples.push_back(bad_sample_from_json(bad));
  for (const Json& node : json.at("nodes")) state.nodes.push_back(node_from(node));
  return state;
}

}  // namespace

std::string write_state(const IteratorState& state) {
  Json json = {
      {"format", kFormat},         {"version", kVersion},     {"pipeline", state.fingerprint},
      {"seed", state.seed},        {"epoch", state.epoch},    {"delivered", state.delivered},
      {"read", state.counts.read}, {"bad", state.counts.bad}, {"bad_samples", Json::array()},
      {"nodes", Json::array()}};
  if (!state.contents.empty()) json["contents"] = state.contents;
  for (const BadSample& bad : state.bad_samples)
    json["bad_samples"].push_back(bad_sample_to_json(bad));
  for (const NodeState& node : state.nodes) json["nodes"].push_back(to_json(node));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

IteratorState read_state(const std::string& text) {
  try {
    return state_from(Json::parse(text));
  } catch (const Json::exception& error) {
    throw_bad_state(error.what());
  }
}

std::string with_bad_samples(const std::string& state, const SampleCounts& counts,
                             const std::vector<BadSample>& bad_samples) {
  IteratorState other = read_state(state);
  other.counts = counts;
  other.bad_samples = bad_samples;
  return write_state(other);
}

}  // namespace tenon::data
