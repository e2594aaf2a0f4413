// expected: tenon: a stage writes a key that the dataset has already
// expected: WrittenKey<Large>
#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

auto copied(const tenon::typed::Dataset<Small, Large>& data) { return data.copy<Small, Large>(); }
