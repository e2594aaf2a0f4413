#include <fmt/format.h>

#include <cstring>
#include <optional>

#include "data/arguments.hpp"
#include "data/stages/entries.hpp"
#include "data/stages/per_key_stage.hpp"

namespace tenon::data {
namespace {

/// One number's bytes.
std::size_t bytes_of_number(const Tensor& value) {
  return value.size() == 0 ? 0 : value.byte_size() / static_cast<std::size_t>(value.size());
}

void keep_place(const Tensor& from, Tensor& to) {
  if (from.geometry() != nullptr) to.set_geometry(*from.geometry());
  std::vector<Geometry> rows;
  for (std::int64_t row = 0; from.rank() > 0 && row < from.dim(0); ++row) {
    const Geometry* geometry = from.row_geometry(row);
    if (geometry == nullptr) return;
    rows.push_back(*geometry);
  }
  if (!rows.empty()) to.set_row_geometries(std::move(rows));
}

/// Channel `index` of `value`, with a last axis of 1.
Tensor channel_of(const Tensor& value, std::int64_t index) {
  const auto channels = static_cast<std::size_t>(value.dim(-1));
  std::vector<std::int64_t> dims = value.shape().dims();
  dims.back() = 1;
  Tensor out = Tensor::uninitialized(value.dtype(), Shape(std::move(dims)));
  const std::size_t width = bytes_of_number(value);
  for (std::size_t i = 0; i < static_cast<std::size_t>(out.size()); ++i) {
    std::memcpy(out.bytes() + i * width,
                value.bytes() + (i * channels + static_cast<std::size_t>(index)) * width, width);
  }
  keep_place(value, out);
  return out;
}

class SplitChannelsStage final : public NamedStage<SampleStage> {
 public:
  SplitChannelsStage(std::string from, Keys to, SourceLocation location)
      : NamedStage("split_channels", location), from_(std::move(from)), to_(std::move(to)) {}

  void edit(SchemaEditor& editor) const override {
    const TensorSpec* found = editor.require(from_);
    const TensorSpec spec =
        found == nullptr ? TensorSpec::of_unknown_rank(DType::kFloat32) : *found;
    TensorSpec one = spec;
    if (spec.rank_known) {
      const auto count = static_cast<std::int64_t>(to_.size());
      const bool has_channels = spec.rank() > (spec.batched() ? 1 : 0);
      if (!has_channels || !spec.shape.back().fits(count) || spec.dtype == DType::kString) {
        editor.problem(make_diagnostic("S002",
                                       fmt::format("split_channels cannot make {} of {}: it is {}",
                                                   count, quote_key(from_), spec.to_string()),
                                       {}, "name as many keys in to as it has channels"));
      }
      if (has_channels) one.shape.back() = Dim(1);
    }
    for (const std::string& key : to_) editor.add(key, one, from_);
  }

  SampleFunction bind(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override {
    const std::size_t from = in->slot(from_);
    std::vector<std::size_t> to;
    for (const std::string& key : to_) to.push_back(out->slot(key));
    return [this, from, to = std::move(to), out](Record record, const SampleContext&) {
      std::vector<Tensor> values = record.values();
      values.resize(out->size());
      const Tensor whole = values[from];
      if (whole.rank() == 0 || whole.dim(-1) != static_cast<std::int64_t>(to.size())) {
        throw DataError(make_diagnostic(
            "S002",
            fmt::format("split_channels: {} is {}, and {} keys are to be made of it",
                        quote_key(from_), whole.shape().to_string(), to.size()),
            {"expected: a channel for each key"}));
      }
      for (std::size_t i = 0; i < to.size(); ++i) {
        values[to[i]] = channel_of(whole, static_cast<std::int64_t>(i));
      }
      return Record(out, std::move(values), std::move(record.samples()));
    };
  }

  std::optional<Keys> own_keys() const override {
    Keys keys = to_;
    keys.push_back(from_);
    return keys;
  }
  std::string arguments() const override {
    return fmt::format("from={}, to=[{}]", from_, join_texts(to_));
  }

 private:
  std::string from_;
  Keys to_;
};

/// Joined along the last axis. Throws DataError where dtypes or other axes differ.
Tensor merged(const Keys& keys, const std::vector<Tensor>& parts) {
  std::vector<std::int64_t> dims = parts.front().shape().dims();
  std::int64_t channels = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::vector<std::int64_t> own = parts[i].shape().dims();
    if (!own.empty() && own.size() == dims.size()) own.back() = dims.back();
    if (own != dims || own.empty() || parts[i].dtype() != parts.front().dtype()) {
      throw DataError(make_diagnostic(
          "S008",
          fmt::format("merge_channels: {} is {} {}, but {} is {} {}", quote_key(keys[i]),
                      tenon::name_of(parts[i].dtype()), parts[i].shape().to_string(),
                      quote_key(keys.front()), tenon::name_of(parts.front().dtype()),
                      parts.front().shape().to_string()),
          {"expected: one dtype, and one size along every axis but the last"}));
    }
    channels += parts[i].dim(-1);
  }
  dims.back() = channels;
  Tensor out = Tensor::uninitialized(parts.front().dtype(), Shape(dims));
  std::size_t offset = 0;
  const std::size_t row = bytes_of_number(out) * static_cast<std::size_t>(channels);
  for (const Tensor& part : parts) {
    const std::size_t width = bytes_of_number(part) * static_cast<std::size_t>(part.dim(-1));
    for (std::size_t i = 0; width > 0 && i < part.byte_size() / width; ++i) {
      std::memcpy(out.bytes() + i * row + offset, part.bytes() + i * width, width);
    }
    offset += width;
  }
  keep_place(parts.front(), out);
  return out;
}

class MergeChannelsStage final : public NamedStage<SampleStage> {
 public:
  MergeChannelsStage(Keys keys, std::string to, SourceLocation location)
      : NamedStage("merge_channels", location), keys_(std::move(keys)), to_(std::move(to)) {}

  void edit(SchemaEditor& editor) const override {
    std::optional<TensorSpec> first;
    Dim channels(0);
    bool known = true;
    for (const std::string& key : keys_) {
      const TensorSpec* spec = editor.require(key);
      if (spec == nullptr || !spec->rank_known || spec->rank() == 0) {
        known = false;
        continue;
      }
      if (!first) first = *spec;
      channels = channels.known() && spec->shape.back().known()
                     ? Dim(channels.size() + spec->shape.back().size())
                     : Dim::unknown();
      TensorSpec own = *spec;
      own.shape.back() = first->shape.back();
      if (own.shape_fits(*first) && own.dtype == first->dtype) continue;
      editor.problem(make_diagnostic(
          "S008",
          fmt::format("merge_channels: {} is {}, but {} is {}", quote_key(key), spec->to_string(),
                      quote_key(keys_.front()), first->to_string()),
          {"expected: one dtype, and one size along every axis but the last"}));
    }
    TensorSpec after = first && known ? *first : TensorSpec::of_unknown_rank(DType::kFloat32);
    if (first) after.dtype = first->dtype;
    if (after.rank_known) after.shape.back() = channels;
    after.range.reset();
    editor.add(to_, std::move(after), keys_.front());
  }

  SampleFunction bind(std::shared_ptr<const Schema> in,
                      std::shared_ptr<const Schema> out) const override {
    std::vector<std::size_t> slots;
    for (const std::string& key : keys_) slots.push_back(in->slot(key));
    const std::size_t to = out->slot(to_);
    return [this, slots = std::move(slots), to, out](Record record, const SampleContext&) {
      std::vector<Tensor> values = record.values();
      std::vector<Tensor> parts;
      for (const std::size_t slot : slots) parts.push_back(values[slot]);
      values.resize(out->size());
      values[to] = merged(keys_, parts);
      return Record(out, std::move(values), std::move(record.samples()));
    };
  }

  std::optional<Keys> own_keys() const override {
    Keys keys = keys_;
    keys.push_back(to_);
    return keys;
  }
  std::string arguments() const override {
    return fmt::format("keys=[{}], to={}", join_texts(keys_), to_);
  }

 private:
  Keys keys_;
  std::string to_;
};

}  // namespace

StageEntry split_channels_entry() {
  return {"split_channels",
          "a key for each channel; the whole stays (drop it where it is not used)",
          {{"from", ArgumentType::kText, true, "", "the key whose last axis is split"},
           {"to", ArgumentType::kTextList, true, "", "a new key for each channel"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("split_channels", given);
            return dataset.split_channels(arguments.text("from"), arguments.texts("to"), location);
          }};
}

StageEntry merge_channels_entry() {
  return {"merge_channels",
          "joins keys along their channels; the parts stay (drop those that are not used)",
          {{"keys", ArgumentType::kTextList, true, "", "which keys, in this order"},
           {"to", ArgumentType::kText, true, "", "the new key"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("merge_channels", given);
            return dataset.merge_channels(arguments.texts("keys"), arguments.text("to"), location);
          }};
}

}  // namespace tenon::data

namespace tenon {

Dataset Dataset::split_channels(std::string from, Keys to, Here location) const {
  data::require_distinct("split_channels", "to", to);
  return stage(
      std::make_shared<data::SplitChannelsStage>(std::move(from), std::move(to), location));
}

Dataset Dataset::merge_channels(Keys keys, std::string to, Here location) const {
  data::require_some_keys("merge_channels", keys);
  return stage(
      std::make_shared<data::MergeChannelsStage>(std::move(keys), std::move(to), location));
}

}  // namespace tenon
