#include "tenon/static.hpp"

TENON_KEY(Small);
TENON_KEY(Large);
TENON_KEY(label);

tenon::typed::Dataset<Small, label> prepared(
    const tenon::typed::Dataset<label, Large, Small>& data) {
  return data.drop<Large>();
}
