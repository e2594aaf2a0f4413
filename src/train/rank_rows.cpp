#include "train/rank_rows.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>

#include "core/diagnostic_json.hpp"
#include "data/bad_sample_json.hpp"
#include "tenon/error.hpp"

namespace tenon::train {
namespace {

using Json = nlohmann::ordered_json;

/// Of each row; empty where not all have one.
Json geometries_of(const Tensor& rows) {
  Json all = Json::array();
  for (std::int64_t row = 0; row < rows.dim(0); ++row) {
    const Geometry* geometry = rows.row_geometry(row);
    if (geometry == nullptr) return Json::array();
    all.push_back({geometry->spacing, geometry->origin, geometry->direction});
  }
  return all;
}

void set_geometries(Tensor& rows, const Json& json) {
  std::vector<Geometry> all;
  for (const Json& each : json) {
    all.push_back({each.at(0).get<std::array<double, 3>>(), each.at(1).get<std::array<double, 3>>(),
                   each.at(2).get<std::array<double, 9>>()});
  }
  if (!all.empty()) rows.set_row_geometries(std::move(all));
}

Json to_json(const RankRows& rows) {
  Json json = {{"batches", rows.batches},
               {"shapes", Json::array()},
               {"geometries", Json::array()},
               {"samples", Json::array()}};
  for (const auto& [name, value] : rows.outputs) {
    json["shapes"].push_back(value.shape().dims());
    json["geometries"].push_back(geometries_of(value));
  }
  for (const SampleIdentity& sample : rows.samples)
    json["samples"].push_back({sample.index, sample.id, sample.file, sample.row});
  return json;
}

/// Without the outputs' values.
RankRows rows_of(const Json& json, const std::vector<std::string>& names) {
  RankRows rows;
  rows.batches = json.at("batches").get<std::vector<std::int64_t>>();
  const Json& shapes = json.at("shapes");
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const Shape shape(shapes[i].get<std::vector<std::int64_t>>());
    rows.outputs.emplace_back(names.at(i), Tensor::uninitialized(DType::kFloat32, shape));
    set_geometries(rows.outputs.back().second, json.at("geometries").at(i));
  }
  for (const Json& each : json.at("samples")) {
    rows.samples.push_back({each.at(0).get<std::int64_t>(), each.at(1).get<std::string>(),
                            each.at(2).get<std::string>(), each.at(3).get<std::int64_t>()});
  }
  return rows;
}

/// True where every rank's samples have a place in the source and come in its order.
bool in_order_of_source(const std::vector<RankRows>& all) {
  return std::ranges::all_of(all, [](const RankRows& rows) {
    std::int64_t before = -1;
    for (const SampleIdentity& sample : rows.samples) {
      if (sample.index <= before) return false;
      before = sample.index;
    }
    return true;
  });
}

std::int64_t row_count(const RankRows& rows) {
  std::int64_t sum = 0;
  for (const std::int64_t batch : rows.batches) sum += batch;
  return sum;
}

std::vector<RowOfRank> by_source(const std::vector<RankRows>& all) {
  std::vector<RowOfRank> order;
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    for (std::size_t row = 0; row < all[rank].samples.size(); ++row)
      order.push_back({rank, static_cast<std::int64_t>(row)});
  }
  std::ranges::stable_sort(order, {}, [&](const RowOfRank& at) {
    return all[at.rank].samples[static_cast<std::size_t>(at.row)].index;
  });
  return order;
}

std::vector<RowOfRank> by_batch(const std::vector<RankRows>& all) {
  std::vector<RowOfRank> order;
  std::vector<std::int64_t> first(all.size(), 0);
  std::size_t batches = 0;
  for (const RankRows& rows : all) batches = std::max(batches, rows.batches.size());
  for (std::size_t batch = 0; batch < batches; ++batch) {
    const auto count = [&](std::size_t rank) {
      return batch < all[rank].batches.size() ? all[rank].batches[batch] : 0;
    };
    std::int64_t longest = 0;
    for (std::size_t rank = 0; rank < all.size(); ++rank) longest = std::max(longest, count(rank));
    for (std::int64_t row = 0; row < longest; ++row) {
      for (std::size_t rank = 0; rank < all.size(); ++rank) {
        if (row < count(rank)) order.push_back({rank, first[rank] + row});
      }
    }
    for (std::size_t rank = 0; rank < all.size(); ++rank) first[rank] += count(rank);
  }
  return order;
}

std::vector<std::string> output_names(const RankGroup& ranks, const RankRows& own) {
  Json names = Json::array();
  for (const auto& [name, value] : own.outputs) names.push_back(name);
  std::vector<std::string> longest;
  for (const std::string& text : ranks.communicator().all_gather(json_text(names, -1))) {
    auto theirs = Json::parse(text).get<std::vector<std::string>>();
    if (theirs.size() > longest.size()) longest = std::move(theirs);
  }
  return longest;
}

/// Output `index` of all ranks in that order.
Tensor in_order(const std::vector<RankRows>& all, std::size_t index,
                const std::vector<RowOfRank>& order) {
  std::vector<Tensor> parts(all.size());
  std::vector<Tensor> with_rows;
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    if (index >= all[rank].outputs.size()) continue;
    parts[rank] = all[rank].outputs[index].second;
    if (!with_rows.empty() &&
        parts[rank].shape().without_batch() != with_rows.front().shape().without_batch())
      concatenate_rows(std::vector{with_rows.front(), parts[rank]});  // Throws.
    with_rows.push_back(parts[rank]);
  }
  const Shape row = with_rows.front().shape().without_batch();
  Tensor whole = Tensor::uninitialized(with_rows.front().dtype(),
                                       row.with_batch(static_cast<std::int64_t>(order.size())));
  if (order.empty()) return whole;
  const std::size_t bytes = whole.byte_size() / order.size();
  std::byte* to = whole.bytes();
  std::vector<Geometry> geometries;
  for (const RowOfRank& at : order) {
    if (const Geometry* geometry = parts[at.rank].row_geometry(at.row))
      geometries.push_back(*geometry);
    const std::byte* from = std::as_const(parts[at.rank]).bytes();
    std::memcpy(to, from + static_cast<std::size_t>(at.row) * bytes, bytes);
    to += bytes;
  }
  if (geometries.size() == order.size()) whole.set_row_geometries(std::move(geometries));
  return whole;
}

}  // namespace

std::vector<RowOfRank> rows_in_order(const std::vector<RankRows>& all) {
  const bool some_left_out =
      std::ranges::any_of(all, [](const RankRows& rows) { return !rows.bad_samples.empty(); });
  const bool known = std::ranges::all_of(all, [](const RankRows& rows) {
    return row_count(rows) == static_cast<std::int64_t>(rows.samples.size());
  });
  return some_left_out && known && in_order_of_source(all) ? by_source(all) : by_batch(all);
}

PredictResult gather_predictions(const RankGroup& ranks, RankRows own) {
  dist::Communicator& communicator = ranks.communicator();
  communicator.at({.stage = "the predictions of all ranks"});
  PredictResult result;
  for (BadSample& bad : ranks.all_of(own.bad_samples)) {
    // Those of batches that every rank reads whole are met by all.
    const bool known = std::ranges::any_of(
        result.bad_samples, [&](const BadSample& other) { return other.sample == bad.sample; });
    if (!known) result.bad_samples.push_back(std::move(bad));
  }
  const std::vector<std::string> names = output_names(ranks, own);
  const std::vector<std::string> heads = communicator.gather(json_text(to_json(own), -1));
  std::vector<RankRows> all;
  all.reserve(heads.size());
  for (const std::string& head : heads) all.push_back(rows_of(Json::parse(head), names));
  if (!all.empty()) all.front() = own;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::string_view bytes;
    if (i < own.outputs.size()) {
      const Tensor& value = own.outputs[i].second;
      bytes = {reinterpret_cast<const char*>(value.bytes()), value.byte_size()};
    }
    const std::vector<std::string> theirs = communicator.gather(bytes);
    for (std::size_t rank = 1; rank < theirs.size(); ++rank) {
      if (i >= all[rank].outputs.size()) continue;
      Tensor& value = all[rank].outputs[i].second;
      std::memcpy(value.bytes(), theirs[rank].data(),
                  std::min(value.byte_size(), theirs[rank].size()));
    }
  }
  if (!ranks.first()) return result;
  if (!all.empty()) all.front().bad_samples = result.bad_samples;
  const std::vector<RowOfRank> order = rows_in_order(all);
  for (std::size_t i = 0; i < names.size(); ++i)
    result.outputs.emplace_back(names[i], in_order(all, i, order));
  for (const RowOfRank& at : order) {
    const auto& samples = all[at.rank].samples;
    if (static_cast<std::size_t>(at.row) < samples.size())
      result.samples.push_back(samples[static_cast<std::size_t>(at.row)]);
  }
  return result;
}

}  // namespace tenon::train
