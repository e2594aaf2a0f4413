#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/layer_object.hpp"
#include "ops/program.hpp"

namespace tenon::graph {

/// What a layer writes itself out with, for one call. Nodes get the layer's name.
class LowerContext {
 public:
  /// `value_of` gives the program's value of a weight of the model.
  LowerContext(ops::Builder& builder, const LayerObject& layer, std::vector<ops::ValueId> inputs,
               bool training, std::function<ops::ValueId(const Variable&)> value_of,
               std::uint64_t& next_stream)
      : builder_(builder),
        layer_(layer),
        inputs_(std::move(inputs)),
        training_(training),
        value_of_(std::move(value_of)),
        next_stream_(next_stream) {}

  const std::vector<ops::ValueId>& inputs() const noexcept { return inputs_; }
  ops::ValueId input(std::size_t index = 0) const { return inputs_[index]; }
  /// With the batch axis; every dim is known.
  const Shape& shape(ops::ValueId value) const { return builder_.shape(value); }
  /// The program is for training. A layer that is not trainable may still want inference.
  bool training() const noexcept { return training_; }
  bool trainable() const noexcept { return layer_.trainable(); }

  /// The layer's weight of that name; kNoValue if it has none.
  ops::ValueId weight(std::string_view name) const;
  /// A number that no other random op of the program has.
  std::uint64_t next_stream() noexcept { return next_stream_++; }

  ops::ValueId apply(ops::OpKind kind, ops::Attributes attributes,
                     std::vector<ops::ValueId> inputs);
  std::vector<ops::ValueId> append(ops::OpKind kind, ops::Attributes attributes,
                                   std::vector<ops::ValueId> inputs);
  ops::ValueId reshape(ops::ValueId value, const Shape& shape);
  /// By Keras's word.
  ops::ValueId activation(const std::string& word, ops::ValueId value);

 private:
  ops::Builder& builder_;
  const LayerObject& layer_;
  std::vector<ops::ValueId> inputs_;
  bool training_;
  std::function<ops::ValueId(const Variable&)> value_of_;
  std::uint64_t& next_stream_;
};

}  // namespace tenon::graph
