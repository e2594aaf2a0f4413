#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

auto chosen(const tenon::typed::Dataset<Small, Large, label>& data) {
  return data.select<Small, label>();
}
