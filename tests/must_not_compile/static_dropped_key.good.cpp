#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

auto scaled(const tenon::typed::Dataset<Small, Large, label>& data) {
  return data.drop<Large>().scale<Small>(1.0 / 255.0);
}
