#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "generator/experiment.hpp"

namespace tenon::mutation {

/// What a command did.
struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
  nlohmann::json json;  ///< Null where `out` is none.
};

/// Runs `tenon` in this process with what it prints caught.
Outcome run_tenon(const std::vector<std::string>& arguments);

/// An experiment on disk.
struct Written {
  std::string file;
  Rendered rendered;
};

/// A folder of this process with the images that experiments share; removed at the end.
class Workplace {
 public:
  Workplace();
  ~Workplace();
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  /// Writes experiment file, model and data. `name` tells it from others of the same experiment.
  Written write(const Experiment& experiment, const std::string& name) const;
  const std::string& folder() const noexcept { return folder_; }

 private:
  std::string folder_;
};

Outcome check(const std::string& file);

}  // namespace tenon::mutation
