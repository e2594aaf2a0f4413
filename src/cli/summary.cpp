#include "cli/commands.hpp"
#include "cli/experiment.hpp"

namespace tenon::cli {

int summary(const CommonOptions& options, const std::string& model) {
  const Model loaded = load_model_file(model, 0);
  print(options.format == Format::kJson ? loaded.to_json() + "\n" : loaded.summary() + "\n");
  return 0;
}

}  // namespace tenon::cli
