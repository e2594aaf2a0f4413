#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

TENON_KEY(image);

auto scaled(const tenon::typed::Dataset<image, label>& data) {
  return data.rename<image, Small>().scale<Small>(1.0 / 255.0);
}
