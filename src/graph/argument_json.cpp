#include "graph/argument_json.hpp"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/name_list.hpp"
#include "graph/activations.hpp"
#include "graph/initializer_table.hpp"
#include "tenon/error.hpp"

namespace tenon::graph {
namespace {

// --- writing: one overload per alternative of ArgumentReference

Json to_json(bool value) { return value; }
Json to_json(int value) { return value; }
Json to_json(std::int64_t value) { return value; }
Json to_json(double value) { return value; }
Json to_json(const std::string& value) { return canonical_activation(value); }
Json to_json(const Pair& value) { return Json::array({value.height, value.width}); }
Json to_json(const Triple& value) { return Json::array({value.depth, value.height, value.width}); }
Json to_json(DType value) { return std::string(name_of(value)); }
Json to_json(const Dim& value) { return value.known() ? Json(value.size()) : Json(); }
Json to_json(const Padding2D& value) {
  return Json::array(
      {Json::array({value.top, value.bottom}), Json::array({value.left, value.right})});
}
Json to_json(const Padding3D& value) {
  return Json::array({Json::array({value.front, value.back}),
                      Json::array({value.top, value.bottom}),
                      Json::array({value.left, value.right})});
}
Json to_json(const Initializer& value) {
  const InitializerFacts& facts = *find_initializer(value.class_name());
  Json config = Json::object();
  for (const auto& [name, number] : value.arguments()) config[name] = number;
  if (facts.class_name == "VarianceScaling") {
    config["mode"] = value.mode;
    config["distribution"] = value.distribution;
  }
  if (facts.seeded) config["seed"] = value.seed() ? Json(*value.seed()) : Json();
  return keras_object("keras.initializers", facts.class_name, std::move(config));
}
Json to_json(const Regularizer& value) {
  if (!value.active()) return {};
  const char* class_name = value.l1 == 0.0 ? "L2" : value.l2 == 0.0 ? "L1" : "L1L2";
  Json config = Json::object();
  if (value.l1 != 0.0) config["l1"] = value.l1;
  if (value.l2 != 0.0) config["l2"] = value.l2;
  return keras_object("keras.regularizers", class_name, std::move(config));
}
template <class T>
Json to_json(const std::optional<T>& value) {
  return value ? to_json(*value) : Json();
}
template <class T>
Json to_json(const std::vector<T>& values) {
  Json list = Json::array();
  for (const T& value : values) list.push_back(to_json(value));
  return list;
}
/// One number for all channels is written as a number.
Json to_json(const std::vector<double>& values) {
  if (values.size() == 1) return values.front();
  Json list = Json::array();
  for (const double value : values) list.push_back(value);
  return list;
}

// --- reading: false if it is no such value

bool from_json(const Json& json, bool& value) {
  if (!json.is_boolean()) return false;
  value = json.get<bool>();
  return true;
}
bool from_json(const Json& json, std::int64_t& value) {
  if (json.is_number_unsigned() &&
      json.get<std::uint64_t>() >
          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return false;
  }
  if (!json.is_number_integer()) return false;
  value = json.get<std::int64_t>();
  return true;
}
bool from_json(const Json& json, int& value) {
  std::int64_t wide = 0;
  if (!from_json(json, wide) || wide < std::numeric_limits<int>::min() ||
      wide > std::numeric_limits<int>::max()) {
    return false;
  }
  value = static_cast<int>(wide);
  return true;
}
bool from_json(const Json& json, double& value) {
  if (!json.is_number()) return false;
  value = json.get<double>();
  return std::isfinite(value);
}
/// Keras writes an activation as its word, or as an object that holds it.
bool from_json(const Json& json, std::string& value) {
  const bool is_function = json.is_object() && json.value("class_name", Json()) == "function";
  const Json word = is_function ? json.value("config", Json()) : json;
  if (!word.is_string()) return false;
  value = word.get<std::string>();
  return true;
}
bool from_json(const Json& json, Pair& value) {
  if (json.is_number()) return from_json(json, value.height) && from_json(json, value.width);
  return json.is_array() && json.size() == 2 && from_json(json[0], value.height) &&
         from_json(json[1], value.width);
}
bool from_json(const Json& json, Triple& value) {
  if (json.is_number()) {
    std::int64_t all = 0;
    if (!from_json(json, all)) return false;
    value = all;
    return true;
  }
  return json.is_array() && json.size() == 3 && from_json(json[0], value.depth) &&
         from_json(json[1], value.height) && from_json(json[2], value.width);
}
bool from_json(const Json& json, DType& value) {
  const auto dtype = dtype_from_name(dtype_word(json));
  if (dtype) value = *dtype;
  return dtype.has_value();
}
bool from_json(const Json& json, Dim& value) {
  if (json.is_null()) {
    value = Dim::unknown();
    return true;
  }
  std::int64_t size = 0;
  if (!from_json(json, size) || size < 1 || size > std::numeric_limits<std::int32_t>::max()) {
    return false;
  }
  value = size;
  return true;
}
bool from_json(const Json& json, Padding2D& value) {
  if (json.is_number()) {
    std::int64_t all = 0;
    if (!from_json(json, all)) return false;
    value = Padding2D(all);
    return true;
  }
  if (!json.is_array() || json.size() != 2) return false;
  Pair height = 0;
  Pair width = 0;
  if (!from_json(json[0], height) || !from_json(json[1], width)) return false;
  value = Padding2D({height.height, height.width}, {width.height, width.width});
  return true;
}
bool from_json(const Json& json, Padding3D& value) {
  if (json.is_number()) {
    std::int64_t all = 0;
    if (!from_json(json, all)) return false;
    value = Padding3D(all);
    return true;
  }
  if (!json.is_array() || json.size() != 3) return false;
  Pair depth = 0;
  Pair height = 0;
  Pair width = 0;
  if (!from_json(json[0], depth) || !from_json(json[1], height) || !from_json(json[2], width)) {
    return false;
  }
  value = Padding3D({depth.height, depth.width}, {height.height, height.width},
                    {width.height, width.width});
  return true;
}

bool read_initializer_config(const Json& config, const InitializerFacts& facts,
                             Initializer& value) {
  std::vector<std::pair<std::string, double>> arguments;
  std::optional<std::int64_t> seed;
  std::string mode = "fan_in";
  std::string distribution = "truncated_normal";
  for (const auto& [key, entry] : config.items()) {
    double number = 0.0;
    if (key == "seed") {
      std::int64_t own_seed = 0;
      if (from_json(entry, own_seed)) seed = own_seed;
      if (!seed && !entry.is_null()) return false;
    } else if (key == "mode" || key == "distribution") {
      if (!from_json(entry, key == "mode" ? mode : distribution)) return false;
    } else if (key == "input_axes" || key == "output_axes" || key == "dtype") {
      if (!entry.is_null()) return false;
    } else if (from_json(entry, number)) {
      arguments.emplace_back(key, number);
    } else {
      return false;
    }
  }
  value = Initializer(facts.class_name, std::move(arguments), seed);
  value.mode = mode;
  value.distribution = distribution;
  return true;
}

bool from_json(const Json& json, Initializer& value) {
  const Json name = json.is_object() ? json.value("class_name", Json()) : json;
  if (!name.is_string()) return false;
  const InitializerFacts* facts = find_initializer(name.get<std::string>());
  if (facts == nullptr) return false;
  const Json config = json.is_object() ? json.value("config", Json::object()) : Json::object();
  try {
    return config.is_object() && read_initializer_config(config, *facts, value);
  } catch (const ContractError&) {  // an argument that the initializer does not have
    return false;
  }
}

bool from_json(const Json& json, Regularizer& value) {
  value = {};
  if (json.is_null()) return true;
  const Json name = json.is_object() ? json.value("class_name", Json()) : json;
  for (const auto& [word, other] : {std::pair{"L1", "l1"}, {"L2", "l2"}, {"L1L2", "l1_l2"}}) {
    if (name != word && name != other) continue;
    if (!json.is_object()) {
      value = Regularizer(other);
      return true;
    }
    const Json config = json.value("config", Json::object());
    for (const auto& [key, entry] : config.items()) {
      if (key != "l1" && key != "l2") return false;
      if (!from_json(entry, key == "l1" ? value.l1 : value.l2)) return false;
    }
    return true;
  }
  return false;
}

template <class T>
bool from_json(const Json& json, std::optional<T>& value) {
  value.reset();
  if (json.is_null()) return true;
  value = T(1);
  return from_json(json, *value);
}
template <class T>
bool from_json(const Json& json, std::vector<T>& values) {
  constexpr std::size_t kMostEntries = 65536;
  values.clear();
  if (json.is_number()) {
    values.emplace_back();
    return from_json(json, values.front());
  }
  if (!json.is_array() || json.size() > kMostEntries) return false;
  for (const Json& entry : json) {
    values.emplace_back();
    if (!from_json(entry, values.back())) return false;
  }
  return true;
}

// --- what was expected

std::string expected(const bool&) { return "true or false"; }
std::string expected(const int&) { return "an integer"; }
std::string expected(const std::int64_t&) { return "an integer"; }
std::string expected(const double&) { return "a finite number"; }
std::string expected(const std::string&) { return "a word"; }
std::string expected(const Pair&) { return "an integer or a pair [height, width]"; }
std::string expected(const Triple&) { return "an integer or a triple [depth, height, width]"; }
std::string expected(const DType&) { return "a dtype such as \"float32\""; }
std::string expected(const Dim&) { return "a size or null"; }
std::string expected(const Padding2D&) {
  return "an integer, a pair, or [[top, bottom], [left, right]]";
}
std::string expected(const Padding3D&) {
  return "an integer, a triple, or [[front, back], [top, bottom], [left, right]]";
}
std::string expected(const Regularizer&) { return "null, or one of L1, L2, L1L2 with l1 and l2"; }
std::string expected(const Initializer&) {
  std::vector<std::string> names;
  for (const InitializerFacts& facts : initializer_table()) names.push_back(facts.class_name);
  return "one of " + list_names(names, names.size()) + " with its own arguments";
}
template <class T>
std::string expected(const std::optional<T>&) {
  return "null, or " + expected(T{0});
}
template <class T>
std::string expected(const std::vector<T>&) {
  return "a list, each entry " + expected(T{});
}

/// -1 stands for null.
Json with_nulls(Json list) {
  if (list.empty()) return {};
  for (Json& entry : list) {
    if (entry == -1) entry = nullptr;
  }
  return list;
}
Json without_nulls(Json list) {
  if (list.is_null()) return Json::array();
  for (Json& entry : list) {
    if (entry.is_null()) entry = -1;
  }
  return list;
}

}  // namespace

Json argument_json(const Argument& argument, const ArgumentReference& value) {
  Json json = std::visit([](const auto* pointer) { return to_json(*pointer); }, value);
  return argument.dims ? with_nulls(std::move(json)) : json;
}

std::string read_argument(const Argument& argument, const Json& json,
                          const ArgumentReference& value) {
  const Json plain = argument.dims ? without_nulls(json) : json;
  return std::visit(
      [&](auto* pointer) {
        return from_json(plain, *pointer) ? std::string() : expected(*pointer);
      },
      value);
}

Json keras_object(const std::string& module, const std::string& class_name, Json config) {
  return {{"module", module},
          {"class_name", class_name},
          {"config", std::move(config)},
          {"registered_name", nullptr}};
}

std::string dtype_word(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (!json.is_object()) return {};
  const Json config = json.value("config", Json::object());
  const Json name = config.is_object() ? config.value("name", Json()) : Json();
  return name.is_string() ? name.get<std::string>() : std::string();
}

std::string short_text(const Json& json) {
  constexpr std::size_t kMostCharacters = 60;
  const std::string text = json.dump(-1, ' ', true, Json::error_handler_t::replace);
  return text.size() <= kMostCharacters ? text : text.substr(0, kMostCharacters) + "…";
}

}  // namespace tenon::graph
