#include "graph/config_error.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tenon/error.hpp"

namespace tenon::graph {
namespace {

const Json* find(const Json& object, const std::string& key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

[[noreturn]] void refuse_entry(const std::string& key, const std::string& where,
                               const char* expected) {
  refuse_config(where, fmt::format("its entry {} is missing or no {}", quote_key(key), expected));
}

}  // namespace

void refuse_config(const std::string& where, const std::string& what, const std::string& expected,
                   const std::string& fix) {
  throw_file_error("model config", fmt::format("{}: {}", where, what), expected, fix);
}

std::string require_text(const Json& object, const std::string& key, const std::string& where) {
  const Json* entry = find(object, key);
  if (entry == nullptr || !entry->is_string()) refuse_entry(key, where, "text");
  return entry->get<std::string>();
}

Json require_object(const Json& object, const std::string& key, const std::string& where) {
  const Json* entry = find(object, key);
  if (entry == nullptr || !entry->is_object()) refuse_entry(key, where, "object");
  return *entry;
}

Json require_list(const Json& object, const std::string& key, const std::string& where) {
  const Json* entry = find(object, key);
  if (entry == nullptr || !entry->is_array()) refuse_entry(key, where, "list");
  return *entry;
}

void refuse_operator(const Json& entry, const std::string& class_name) {
  const Json* module = find(entry, "module");
  if (module == nullptr || !module->is_string()) return;
  const std::string name = module->get<std::string>();
  if (name.rfind("keras.src.ops", 0) != 0 && name.rfind("keras.ops", 0) != 0) return;
  refuse_config("the graph",
                fmt::format("it holds the operator {} ({}), as `a + b` on tensors makes it",
                            quote_key(class_name), name),
                "layers only",
                "use the layers Add, Multiply, Activation, … and save the model anew");
}

}  // namespace tenon::graph
