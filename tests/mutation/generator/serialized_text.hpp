#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace tenon::mutation {

/// One value of a tf.train.Example: bytes, a whole number from 0 on, or a float32.
using FeatureValue = std::variant<std::string, std::uint64_t, float>;

/// A record of a TFRecord file: a serialized tf.train.Example, with its lengths and checksums.
std::string tfrecord_text(const std::vector<std::pair<std::string, FeatureValue>>& features);

/// A member of a tar file (POSIX ustar): name and bytes.
std::string tar_member_text(const std::string& name, const std::string& bytes);
/// What a tar file ends with.
std::string tar_end_text();

}  // namespace tenon::mutation
