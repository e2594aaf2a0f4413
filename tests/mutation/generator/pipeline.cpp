#include "pipeline.hpp"

#include <algorithm>

namespace tenon::mutation {
namespace {

std::vector<std::string> all_of(const std::array<std::string, 4>& box) {
  return {box.begin(), box.end()};
}

}  // namespace

int Pipeline::add(const std::string& op, std::vector<Argument> arguments,
                  std::vector<std::string> only) {
  return insert_stage(experiment_, experiment_.stages.size(), op, std::move(arguments),
                      std::move(only));
}

void Pipeline::column(Column column) {
  KeyState state;
  state.name = column.name;
  const bool is_text = column.fill == Fill::kFiles || column.fill == Fill::kWords;
  state.dtype = is_text ? DType::kString : column.dtype;
  state.dims = column.dims;
  state.set_by.assign(column.dims.size(), kSource);
  experiment_.keys[column.name] = std::move(state);
  experiment_.columns.push_back(std::move(column));
}

/// `to` is a new key that begins as what `from` is; or `from` itself, changed.
void Pipeline::make(const std::string& from, const std::string& to, int id) {
  if (from == to) return;
  KeyState state = at(from);
  state.name = to;
  state.created_by = state.named_by = id;
  // A copy or a cut sets no axis that it leaves as it was, and no dtype.
  experiment_.keys[to] = std::move(state);
}

void Pipeline::set_size(const std::string& key, std::int64_t height, std::int64_t width, int id) {
  KeyState& state = at(key);
  const std::array<std::int64_t, 2> size{height, width};
  for (std::size_t axis = 0; axis < 2; ++axis) {
    if (state.dims[axis] != size[axis]) state.set_by[axis] = id;
    state.dims[axis] = size[axis];
  }
}

void Pipeline::load_image(const std::string& from, const std::string& to, const std::string& root,
                          int channels, DType dtype) {
  std::vector<Argument> arguments = {{"from", text(from)}, {"to", text(to)}};
  if (!root.empty()) arguments.push_back({"root", text(root)});
  if (channels != 3 || draw_.chance(50))
    arguments.push_back({"channels", raw(std::to_string(channels))});
  if (dtype != DType::kUInt8) arguments.push_back({"dtype", text(std::string(name_of(dtype)))});
  const int id = add("load_image", std::move(arguments));
  KeyState state;
  state.name = to;
  state.dtype = dtype;
  state.dims = {-1, -1, channels};
  state.created_by = state.named_by = state.dtype_by = id;
  state.set_by = {id, id, id};
  experiment_.keys[to] = std::move(state);
}

void Pipeline::load_volume(const std::string& from, const std::string& to, const std::string& root,
                           DType dtype) {
  std::vector<Argument> arguments = {{"from", text(from)}, {"to", text(to)}, {"root", text(root)}};
  if (dtype != DType::kFloat32) arguments.push_back({"dtype", text(std::string(name_of(dtype)))});
  const int id = add("load_volume", std::move(arguments));
  KeyState state;
  state.name = to;
  state.dtype = dtype;
  state.dims = {-1, -1, -1, 1};
  state.created_by = state.named_by = state.dtype_by = id;
  state.set_by = {id, id, id, id};
  experiment_.keys[to] = std::move(state);
}

void Pipeline::decode_image(const std::string& from, const std::string& to, int channels) {
  const int id =
      add("decode_image",
          {{"from", text(from)}, {"to", text(to)}, {"channels", raw(std::to_string(channels))}});
  KeyState state = at(from);
  if (to != from) state.created_by = state.named_by = id;
  state.name = to;
  state.dtype = DType::kUInt8;
  state.dims = {-1, -1, channels};
  state.dtype_by = id;
  state.set_by = {id, id, id};
  experiment_.keys[to] = std::move(state);
}

void Pipeline::set_axes(const std::string& key, const std::vector<std::int64_t>& size, int id) {
  KeyState& state = at(key);
  for (std::size_t axis = 0; axis < size.size(); ++axis) {
    if (state.dims[axis] != size[axis]) state.set_by[axis] = id;
    state.dims[axis] = size[axis];
  }
}

void Pipeline::cut(const std::string& op, const std::vector<std::string>& keys,
                   const std::vector<std::int64_t>& size, std::vector<Argument> more) {
  std::vector<Argument> arguments = {{"keys", texts(keys)}, {"size", numbers(size)}};
  std::move(more.begin(), more.end(), std::back_inserter(arguments));
  const int id = add(op, std::move(arguments));
  for (const std::string& key : keys) set_axes(key, size, id);
}

void Pipeline::patches(const std::string& from, const std::vector<std::string>& to,
                       const std::vector<std::int64_t>& size, const std::string& label) {
  std::vector<Argument> arguments = {{"from", texts({from})},
                                     {"to", texts(to)},
                                     {"size", numbers(size)},
                                     {"factors", raw("[1, 2]")}};
  if (!label.empty()) arguments.push_back({"label", text(label)});
  const int id = add("multi_scale_patches", std::move(arguments));
  for (const std::string& key : to) {
    make(from, key, id);
    set_axes(key, size, id);
  }
}

void Pipeline::pad_to_multiple(const std::string& key, const std::vector<std::int64_t>& size,
                               std::int64_t multiple) {
  const int id = add("pad_to_multiple", {{"keys", texts({key})},
                                         {"multiple", numbers({multiple, multiple, multiple})}});
  set_axes(key, size, id);
}

void Pipeline::merge_channels(const std::vector<std::string>& keys, const std::string& to) {
  const int id = add("merge_channels", {{"keys", texts(keys)}, {"to", text(to)}});
  make(keys.front(), to, id);
  set_channels(to, static_cast<std::int64_t>(keys.size()), id);
}

void Pipeline::split_channels(const std::string& from, const std::vector<std::string>& to) {
  const int id = add("split_channels", {{"from", text(from)}, {"to", texts(to)}});
  for (const std::string& key : to) {
    make(from, key, id);
    set_channels(key, 1, id);
  }
}

void Pipeline::set_channels(const std::string& key, std::int64_t channels, int id) {
  KeyState& state = at(key);
  if (state.dims.back() == channels) return;
  state.dims.back() = channels;
  state.set_by.back() = id;
}

void Pipeline::add_crop_words(std::vector<Argument>& arguments) {
  if (draw_.chance(25)) arguments.push_back({"interpolation", text("area")});
  if (draw_.chance(20)) arguments.push_back({"padding_value", raw("12.0")});
}

void Pipeline::crop_box(const std::string& from, const std::string& to,
                        const std::array<std::string, 4>& box, std::int64_t height,
                        std::int64_t width) {
  std::vector<Argument> arguments = {{"from", text(from)},
                                     {"to", text(to)},
                                     {"box", texts(all_of(box))},
                                     {"size", numbers({height, width})}};
  add_crop_words(arguments);
  const int id = add("crop_box", std::move(arguments));
  make(from, to, id);
  set_size(to, height, width, id);
}

void Pipeline::crop_around(const std::string& from, const std::string& to,
                           const std::array<std::string, 4>& box, std::int64_t height,
                           std::int64_t width, std::int64_t cut) {
  std::vector<Argument> arguments = {
      {"from", text(from)}, {"to", text(to)}, {"box", texts(all_of(box))}};
  if (cut > 0) {
    arguments.push_back({"extent", numbers({cut, cut})});
    arguments.push_back({"size", numbers({height, width})});
  } else {
    arguments.push_back({"extent", numbers({height, width})});
  }
  add_crop_words(arguments);
  const int id = add("crop_around", std::move(arguments));
  make(from, to, id);
  set_size(to, height, width, id);
}

void Pipeline::resize(const std::string& key, std::int64_t height, std::int64_t width) {
  std::vector<Argument> arguments = {{"keys", texts({key})}, {"size", numbers({height, width})}};
  if (draw_.chance(30)) arguments.push_back({"interpolation", text("nearest")});
  if (draw_.chance(20)) arguments.push_back({"antialias", raw("false")});
  set_size(key, height, width, add("resize", std::move(arguments)));
}

void Pipeline::pad(const std::string& key, std::int64_t height, std::int64_t width) {
  std::vector<Argument> arguments = {{"keys", texts({key})}, {"size", numbers({height, width})}};
  if (draw_.chance(30)) arguments.push_back({"centered", raw("true")});
  set_size(key, height, width, add("pad", std::move(arguments)));
}

void Pipeline::scale(const std::vector<std::string>& keys, const std::string& factor) {
  std::vector<Argument> arguments = {{"keys", texts(keys)}, {"factor", raw(factor)}};
  if (draw_.chance(20)) arguments.push_back({"offset", raw("-0.5")});
  const int id = add("scale", std::move(arguments));
  for (const std::string& key : keys) {
    at(key).dtype = DType::kFloat32;
    at(key).dtype_by = id;
  }
}

void Pipeline::normalize(const std::string& key, std::int64_t channels) {
  std::vector<Argument> arguments = {{"keys", texts({key})}};
  if (channels > 1) {
    std::string means;
    for (std::int64_t i = 0; i < channels; ++i)
      means += (i > 0 ? ", " : "") + std::to_string(i + 1);
    arguments.push_back({"mean", raw("[" + means + "]")});
    arguments.push_back({"std", draw_.chance(50) ? raw("[" + means + "]") : raw("2.5")});
  } else {
    arguments.push_back({"mean", raw("120.5")});
    arguments.push_back({"std", raw("60")});
  }
  const int id = add("normalize", std::move(arguments));
  at(key).dtype = DType::kFloat32;
  at(key).dtype_by = id;
}

void Pipeline::cast(const std::string& key, DType dtype) {
  const int id =
      add("cast", {{"keys", texts({key})}, {"dtype", text(std::string(name_of(dtype)))}});
  at(key).dtype = dtype;
  at(key).dtype_by = id;
}

void Pipeline::copy(const std::string& from, const std::string& to) {
  make(from, to, add("copy", {{"from", text(from)}, {"to", text(to)}}));
}

void Pipeline::rename(const std::vector<std::pair<std::string, std::string>>& map) {
  const int id = add("rename", {{"map", text_map(map)}});
  std::vector<KeyState> moved;
  for (const auto& [from, to] : map) {
    moved.push_back(at(from));
    moved.back().name = to;
    moved.back().named_by = id;
  }
  for (const auto& entry : map) experiment_.keys.erase(entry.first);
  for (KeyState& state : moved) experiment_.keys[state.name] = state;
}

void Pipeline::encode(const std::string& from, const std::string& to,
                      std::vector<std::string> classes) {
  const int id =
      add("encode", {{"from", text(from)}, {"to", text(to)}, {"classes", texts(classes)}});
  make(from, to, id);
  at(to).dtype = DType::kInt64;
  at(to).dtype_by = id;
}

void Pipeline::one_hot(const std::string& key, std::int64_t depth) {
  const int id = add("one_hot", {{"keys", texts({key})}, {"depth", raw(std::to_string(depth))}});
  KeyState& state = at(key);
  state.dtype = DType::kFloat32;
  state.dtype_by = id;
  state.dims.push_back(depth);
  state.set_by.push_back(id);
}

void Pipeline::transpose(const std::string& key, const std::vector<std::int64_t>& permutation) {
  const int id = add("transpose", {{"keys", texts({key})}, {"permutation", numbers(permutation)}});
  KeyState& state = at(key);
  const KeyState before = state;
  for (std::size_t axis = 0; axis < permutation.size(); ++axis) {
    state.dims[axis] = before.dims[static_cast<std::size_t>(permutation[axis])];
    if (state.dims[axis] != before.dims[axis]) state.set_by[axis] = id;
  }
}

void Pipeline::drop(const std::vector<std::string>& keys) {
  add("drop", {{"keys", texts(keys)}});
  for (const std::string& key : keys) experiment_.keys.erase(key);
}

void Pipeline::select(const std::vector<std::string>& keys) {
  add("select", {{"keys", texts(keys)}});
  std::erase_if(experiment_.keys, [&](const auto& entry) {
    return std::find(keys.begin(), keys.end(), entry.first) == keys.end();
  });
}

void Pipeline::plain(const std::string& op, std::vector<Argument> arguments,
                     std::vector<std::string> only) {
  add(op, std::move(arguments), std::move(only));
}

}  // namespace tenon::mutation
