#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/execution.hpp"
#include "data/pipeline.hpp"
#include "data/region.hpp"
#include "data/source_node.hpp"
#include "data/stages/named_stage.hpp"
#include "data/support.hpp"
#include "tenon/random.hpp"

namespace tenon::data_test {

/// What was read of all values of one CountedLoad.
struct ReadCount {
  std::atomic<std::int64_t> opened{0};
  std::atomic<std::int64_t> reads{0};
  std::atomic<std::int64_t> voxels{0};
};

struct LoadedKind {
  Shape shape;
  DType dtype = DType::kInt16;
  std::optional<Geometry> geometry{};
  std::uint64_t seed = 1;
  bool rank_known = true;
  int kinds = 2000;  ///< Values are from 0 to one less.
  double bad_above =
      1;  ///< Values above this share of `kinds` are damage, that reading them meets.
};

/// As a stage that reads a file, for each `from` (an int64) another one; may be read in parts.
class CountedLoad final : public data::NamedStage<data::SampleStage>, public data::PartwiseStage {
 public:
  CountedLoad(std::string from, std::string to, LoadedKind kind, std::shared_ptr<ReadCount> count)
      : NamedStage("counted_load", {}),
        from_(std::move(from)),
        to_(std::move(to)),
        kind_(std::move(kind)),
        count_(std::move(count)) {}

  void edit(data::SchemaEditor& editor) const override {
    editor.require(from_);
    TensorSpec spec(kind_.dtype, std::vector<Dim>(static_cast<std::size_t>(kind_.shape.rank())));
    if (kind_.shape.rank() > 2) spec.shape.back() = Dim(kind_.shape.dim(-1));
    editor.add(to_, kind_.rank_known ? spec : TensorSpec::of_unknown_rank(kind_.dtype), from_);
  }
  std::string arguments() const override { return from_ + to_ + std::to_string(kind_.seed); }

  data::SampleFunction bind(std::shared_ptr<const Schema> in,
                            std::shared_ptr<const Schema> out) const override {
    return [this, from = in->slot(from_), to = out->slot(to_), out](Record record,
                                                                    const data::SampleContext&) {
      std::vector<Tensor> values = record.values();
      values.resize(out->size());
      values[to] = counted(made(values[from].item<std::int64_t>()));
      return Record(out, std::move(values), std::move(record.samples()));
    };
  }

  data::Partwise bind_parts(std::shared_ptr<const Schema> in,
                            std::shared_ptr<const Schema> out) const override {
    const std::size_t from = in->slot(from_);
    const std::size_t to = out->slot(to_);
    data::SlotFlow flow = data::SlotFlow::of_all(in->size(), out->size());
    flow.origins[to] = data::SlotFlow::kMade;
    flow.wholes = {from};
    flow.reads_files = true;
    return {std::move(flow),
            [this, from, to](data::RegionReader& before, const data::SampleContext&) {
              ++count_->opened;
              return std::make_unique<Reader>(*this, before, to,
                                              made(before.whole(from).item<std::int64_t>()));
            }};
  }

 private:
  class Reader final : public data::ReaderOver {
   public:
    Reader(const CountedLoad& load, data::RegionReader& before, std::size_t to, Tensor value)
        : ReaderOver(before), load_(load), to_(to), value_(std::move(value)) {}
    const Shape& shape(std::size_t slot) const override {
      return slot == to_ ? value_.shape() : ReaderOver::shape(slot);
    }
    const Geometry* geometry(std::size_t slot) const override {
      return slot == to_ ? value_.geometry() : ReaderOver::geometry(slot);
    }
    Tensor whole(std::size_t slot) override {
      return slot == to_ ? load_.counted(value_) : ReaderOver::whole(slot);
    }
    Tensor part(std::size_t slot, const data::Index3D& first, const data::Size3D& size,
                double padding) override {
      if (slot != to_) return ReaderOver::part(slot, first, size, padding);
      return data::part_from_box(value_.shape(), value_.geometry(), first, size, padding,
                                 [&](const data::Index3D& low, const data::Size3D& inside) {
                                   return load_.counted(data::crop_volume(value_, low, inside));
                                 });
    }
    void expect(std::size_t slot, const data::Index3D& first, const data::Size3D& size) override {
      if (slot != to_) ReaderOver::expect(slot, first, size);
    }

   private:
    const CountedLoad& load_;
    std::size_t to_;
    Tensor value_;
  };

  Tensor made(std::int64_t id) const {
    Tensor value = Tensor::uninitialized(DType::kInt32, kind_.shape);
    Random random(kind_.seed, static_cast<std::uint64_t>(id));
    for (std::int32_t& each : value.data<std::int32_t>())
      each = static_cast<std::int32_t>(random.next_below(static_cast<std::uint64_t>(kind_.kinds)));
    Tensor cast = value.cast(kind_.dtype);
    if (kind_.geometry) cast.set_geometry(*kind_.geometry);
    return cast;
  }
  const Tensor& counted(const Tensor& value) const {
    ++count_->reads;
    count_->voxels += value.size();
    const Tensor numbers = value.cast(DType::kFloat64);
    for (const double number : numbers.data<double>()) {
      if (number < kind_.bad_above * kind_.kinds) continue;
      throw DataError(make_diagnostic("F001", to_ + " is damaged"));
    }
    return value;
  }

  std::string from_;
  std::string to_;
  LoadedKind kind_;
  std::shared_ptr<ReadCount> count_;
};

inline Geometry slanted() {
  Geometry geometry;
  geometry.spacing = {3.1, 0.9, 0.7};
  geometry.origin = {-41.3, 17.7, 5.1};
  const double c = 0.8;
  const double s = 0.6;
  geometry.direction = {c, -s, 0, s, c, 0, 0, 0, 1};
  return geometry;
}

/// One sample, stage after stage: what the whole machinery has to give. `at`: the stage that it is
/// at, to be known where that throws.
inline Record plainly(const Dataset& dataset, std::int64_t index, std::uint64_t seed,
                      std::int64_t* at = nullptr) {
  const auto& pipeline = *dataset.pipeline();
  const data::Source& source = *pipeline.source();
  Record record = data::fit_to_schema(source.read(index), source.schema());
  if (record.samples().empty()) record.samples().push_back(source.identity(index));
  for (const data::PlacedStage& placed : pipeline.stages()) {
    if (placed.adds_sample_index) {
      std::vector<Tensor> values = record.values();
      values.push_back(Tensor::scalar<std::int64_t>(index));
      record = Record(placed.in, std::move(values), std::move(record.samples()));
    }
    const auto* stage = dynamic_cast<const data::SampleStage*>(placed.stage.get());
    if (stage == nullptr) continue;  // A cache, a filter that keeps all.
    if (at != nullptr) *at = placed.reference.index;
    const std::vector<data::RowContext> rows{{0, index}};
    const data::SampleContext context{seed, 0, index, placed.reference.index, rows};
    record = data::fit_to_schema(stage->bind(placed.in, placed.out)(std::move(record), context),
                                 placed.out);
  }
  return record;
}

inline void expect_identical(const Record& wanted, const Record& got) {
  ASSERT_EQ(wanted.schema().keys(), got.schema().keys());
  EXPECT_EQ(wanted.samples(), got.samples());
  for (std::size_t slot = 0; slot < wanted.size(); ++slot) {
    SCOPED_TRACE(wanted.schema()[slot].key);
    EXPECT_EQ(wanted[slot].shape(), got[slot].shape());
    EXPECT_EQ(wanted[slot].dtype(), got[slot].dtype());
    EXPECT_TRUE(wanted[slot].equals(got[slot]));
    const Geometry* there = got[slot].geometry();
    ASSERT_EQ(wanted[slot].geometry() != nullptr, there != nullptr);
    if (there == nullptr) continue;
    EXPECT_EQ(wanted[slot].geometry()->origin, there->origin);
    EXPECT_EQ(wanted[slot].geometry()->spacing, there->spacing);
    EXPECT_EQ(wanted[slot].geometry()->direction, there->direction);
  }
}

/// Samples 0, 1, … with an int64 "id".
inline Dataset ids(std::int64_t count) {
  Tensor id(DType::kInt64, {count});
  for (std::int64_t i = 0; i < count; ++i) id.data<std::int64_t>()[static_cast<std::size_t>(i)] = i;
  return Dataset::from_tensors({{"id", id}});
}

}  // namespace tenon::data_test
