#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tenon {

/// How a weight begins. A value: Keras's class name and its arguments. Made from Keras's word
/// ("glorot_uniform") or by the functions below.
class Initializer {
 public:
  Initializer(const char* name);         // NOLINT(google-explicit-constructor)
  Initializer(const std::string& name);  // NOLINT: throws ContractError (A001) on an unknown word.
  /// `class_name` as in Keras ("GlorotUniform"); arguments not given take Keras's defaults.
  Initializer(std::string class_name, std::vector<std::pair<std::string, double>> arguments,
              std::optional<std::int64_t> seed = {});

  const std::string& class_name() const noexcept { return class_name_; }
  const std::vector<std::pair<std::string, double>>& arguments() const noexcept {
    return arguments_;
  }
  double argument(const std::string& name) const;
  std::optional<std::int64_t> seed() const noexcept { return seed_; }
  /// VarianceScaling only: "fan_in" | "fan_out" | "fan_avg", and its distribution.
  std::string mode{"fan_in"};
  std::string distribution{"truncated_normal"};
  bool operator==(const Initializer&) const = default;

 private:
  std::string class_name_;
  std::vector<std::pair<std::string, double>> arguments_;
  std::optional<std::int64_t> seed_;
};

namespace initializers {
Initializer Zeros();
Initializer Ones();
Initializer Constant(double value);
Initializer RandomNormal(double mean = 0.0, double stddev = 0.05,
                         std::optional<std::int64_t> seed = {});
Initializer RandomUniform(double minval = -0.05, double maxval = 0.05,
                          std::optional<std::int64_t> seed = {});
Initializer TruncatedNormal(double mean = 0.0, double stddev = 0.05,
                            std::optional<std::int64_t> seed = {});
Initializer GlorotUniform(std::optional<std::int64_t> seed = {});
Initializer GlorotNormal(std::optional<std::int64_t> seed = {});
Initializer HeUniform(std::optional<std::int64_t> seed = {});
Initializer HeNormal(std::optional<std::int64_t> seed = {});
Initializer LecunUniform(std::optional<std::int64_t> seed = {});
Initializer LecunNormal(std::optional<std::int64_t> seed = {});
}  // namespace initializers

}  // namespace tenon
