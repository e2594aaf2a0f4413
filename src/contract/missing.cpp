#include "contract/missing.hpp"

#include "data/key_loss.hpp"

namespace tenon::contract {
namespace {

std::string code_of(const Missing& missing) {
  if (missing.wish->role != Role::kInput) return "K011";
  if (missing.end) return "K005";
  if (!missing.candidate) return "K001";
  switch (missing.candidate->nearness) {
    case Nearness::kBlanks:
    case Nearness::kSeparators:
      return "K003";
    case Nearness::kCase:
      return "K002";
    case Nearness::kTypo:
    case Nearness::kWords:
      return "K004";
    case Nearness::kSpec:
      return "K006";
    case Nearness::kNone:
      break;
  }
  return "K001";
}

}  // namespace

std::vector<Missing> find_missing(const Split& split, const Join& join) {
  std::vector<const Wanted*> wishes;
  for (const Wanted& wish : join.wanted) {
    if (!wish.slot) wishes.push_back(&wish);
  }
  const auto pairs = pair_missing(wishes, join.unused, split.dataset->schema());
  std::vector<Missing> all;
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    Missing missing{
        wishes[i], pairs[i], data::find_loss(split.dataset->lineage(), wishes[i]->name), {}};
    missing.code = code_of(missing);
    all.push_back(std::move(missing));
  }
  return all;
}

}  // namespace tenon::contract
