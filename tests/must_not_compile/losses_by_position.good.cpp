#include "tenon/model.hpp"

void prepare(tenon::Model& model) {
  model.compile({.optimizer = "adam", .loss = {{"cell", "mse"}, {"age", "mae"}}});
}
