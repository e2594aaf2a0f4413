// expected: rename
#include "tenon/dataset.hpp"

tenon::Dataset renamed(const tenon::Dataset& data) { return data.rename({"small", "Small"}); }
