#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "draw.hpp"
#include "experiment.hpp"

namespace tenon::mutation {

/// Puts stages to an experiment and follows what they do to its keys. What is known of the stages
/// comes from the table of stages in the documentation, not from the code that checks.
class Pipeline {
 public:
  Pipeline(Experiment& experiment, Draw& draw) : experiment_(experiment), draw_(draw) {}

  /// A column of the source, or a key that the source gives by itself (the folder's).
  void column(Column column);

  void load_image(const std::string& from, const std::string& to, const std::string& root,
                  int channels, DType dtype);
  void crop_box(const std::string& from, const std::string& to,
                const std::array<std::string, 4>& box, std::int64_t height, std::int64_t width);
  /// Cuts `height` x `width`, and resizes to that if the cut is given as larger.
  void crop_around(const std::string& from, const std::string& to,
                   const std::array<std::string, 4>& box, std::int64_t height, std::int64_t width,
                   std::int64_t cut);
  void resize(const std::string& key, std::int64_t height, std::int64_t width);
  void pad(const std::string& key, std::int64_t height, std::int64_t width);
  void scale(const std::vector<std::string>& keys, const std::string& factor);
  /// `channels`: means are given per channel if it is above 1.
  void normalize(const std::string& key, std::int64_t channels);
  void cast(const std::string& key, DType dtype);
  void copy(const std::string& from, const std::string& to);
  void rename(const std::vector<std::pair<std::string, std::string>>& map);
  void encode(const std::string& from, const std::string& to, std::vector<std::string> classes);
  void one_hot(const std::string& key, std::int64_t depth);
  void transpose(const std::string& key, const std::vector<std::int64_t>& permutation);
  void drop(const std::vector<std::string>& keys);
  void select(const std::vector<std::string>& keys);
  void load_volume(const std::string& from, const std::string& to, const std::string& root,
                   DType dtype);
  void decode_image(const std::string& from, const std::string& to, int channels);
  /// A crop of volumes to `size` [depth, height, width].
  void cut(const std::string& op, const std::vector<std::string>& keys,
           const std::vector<std::int64_t>& size, std::vector<Argument> more = {});
  /// Two patches of `from`, the second seeing twice as far.
  void patches(const std::string& from, const std::vector<std::string>& to,
               const std::vector<std::int64_t>& size, const std::string& label);
  /// `size` is what the volume has then.
  void pad_to_multiple(const std::string& key, const std::vector<std::int64_t>& size,
                       std::int64_t multiple);
  void merge_channels(const std::vector<std::string>& keys, const std::string& to);
  void split_channels(const std::string& from, const std::vector<std::string>& to);
  /// A stage that changes no schema.
  void plain(const std::string& op, std::vector<Argument> arguments,
             std::vector<std::string> only = {});

  KeyState& at(const std::string& key) { return experiment_.keys.at(key); }

 private:
  int add(const std::string& op, std::vector<Argument> arguments,
          std::vector<std::string> only = {});
  void make(const std::string& from, const std::string& to, int id);
  void set_size(const std::string& key, std::int64_t height, std::int64_t width, int id);
  void set_axes(const std::string& key, const std::vector<std::int64_t>& size, int id);
  void set_channels(const std::string& key, std::int64_t channels, int id);
  void add_crop_words(std::vector<Argument>& arguments);

  Experiment& experiment_;
  Draw& draw_;
};

}  // namespace tenon::mutation
