#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

auto copied(const tenon::typed::Dataset<Small, label>& data) { return data.copy<Small, Large>(); }
