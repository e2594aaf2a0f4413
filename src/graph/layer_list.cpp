#include <algorithm>

#include <fmt/format.h>

#include "core/name_list.hpp"
#include "graph/layer_descriptor.hpp"
#include "graph/unknown_word.hpp"
#include "tenon/error.hpp"

namespace tenon::graph {

// One line per layer, here and in the list below. A list, as the linker drops registrations of
// files of a static library that nothing else names.
LayerDescriptor activation_descriptor();
LayerDescriptor add_descriptor();
LayerDescriptor average_pooling2d_descriptor();
LayerDescriptor average_pooling3d_descriptor();
LayerDescriptor batch_normalization_descriptor();
LayerDescriptor concatenate_descriptor();
LayerDescriptor conv2d_descriptor();
LayerDescriptor conv2d_transpose_descriptor();
LayerDescriptor conv3d_descriptor();
LayerDescriptor conv3d_transpose_descriptor();
LayerDescriptor cropping2d_descriptor();
LayerDescriptor cropping3d_descriptor();
LayerDescriptor dense_descriptor();
LayerDescriptor depthwise_conv2d_descriptor();
LayerDescriptor dropout_descriptor();
LayerDescriptor elu_descriptor();
LayerDescriptor flatten_descriptor();
LayerDescriptor global_average_pooling2d_descriptor();
LayerDescriptor global_average_pooling3d_descriptor();
LayerDescriptor global_max_pooling2d_descriptor();
LayerDescriptor global_max_pooling3d_descriptor();
LayerDescriptor input_layer_descriptor();
LayerDescriptor leaky_re_lu_descriptor();
LayerDescriptor max_pooling2d_descriptor();
LayerDescriptor max_pooling3d_descriptor();
LayerDescriptor multiply_descriptor();
LayerDescriptor re_lu_descriptor();
LayerDescriptor rescaling_descriptor();
LayerDescriptor reshape_descriptor();
LayerDescriptor softmax_descriptor();
LayerDescriptor spatial_dropout2d_descriptor();
LayerDescriptor spatial_dropout3d_descriptor();
LayerDescriptor up_sampling2d_descriptor();
LayerDescriptor up_sampling3d_descriptor();
LayerDescriptor zero_padding2d_descriptor();
LayerDescriptor zero_padding3d_descriptor();

std::span<const LayerDescriptor> layer_descriptors() {
  static const std::vector<LayerDescriptor> descriptors = {
      activation_descriptor(),
      add_descriptor(),
      average_pooling2d_descriptor(),
      average_pooling3d_descriptor(),
      batch_normalization_descriptor(),
      concatenate_descriptor(),
      conv2d_descriptor(),
      conv2d_transpose_descriptor(),
      conv3d_descriptor(),
      conv3d_transpose_descriptor(),
      cropping2d_descriptor(),
      cropping3d_descriptor(),
      dense_descriptor(),
      depthwise_conv2d_descriptor(),
      dropout_descriptor(),
      elu_descriptor(),
      flatten_descriptor(),
      global_average_pooling2d_descriptor(),
      global_average_pooling3d_descriptor(),
      global_max_pooling2d_descriptor(),
      global_max_pooling3d_descriptor(),
      input_layer_descriptor(),
      leaky_re_lu_descriptor(),
      max_pooling2d_descriptor(),
      max_pooling3d_descriptor(),
      multiply_descriptor(),
      re_lu_descriptor(),
      rescaling_descriptor(),
      reshape_descriptor(),
      softmax_descriptor(),
      spatial_dropout2d_descriptor(),
      spatial_dropout3d_descriptor(),
      up_sampling2d_descriptor(),
      up_sampling3d_descriptor(),
      zero_padding2d_descriptor(),
      zero_padding3d_descriptor(),
  };
  return descriptors;
}

const LayerDescriptor* find_layer(std::string_view class_name) {
  const auto descriptors = layer_descriptors();
  const auto found = std::find_if(
      descriptors.begin(), descriptors.end(),
      [&](const LayerDescriptor& descriptor) { return descriptor.class_name == class_name; });
  return found == descriptors.end() ? nullptr : &*found;
}

const LayerDescriptor& require_layer(const std::string& class_name) {
  const LayerDescriptor* found = find_layer(class_name);
  if (found != nullptr) return *found;
  if (class_name == "Lambda") {
    throw ModelError(make_diagnostic(
        "M001", "a Lambda layer holds a Python function, which is never run here",
        {"expected: layers that are described by their arguments alone"},
        "put the function's work into layers, or into the data pipeline, and save the model anew"));
  }
  std::vector<std::string> known;
  for (const LayerDescriptor& descriptor : layer_descriptors()) {
    known.push_back(descriptor.class_name);
  }
  throw ModelError(make_diagnostic(
      "M001", fmt::format("there is no layer of class {}", quote_key(class_name)),
      {"expected: one of " + list_names(known, known.size())}, meant_word(class_name, known)));
}

}  // namespace tenon::graph
