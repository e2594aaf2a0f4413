#include "backend/api/engine.hpp"
#include "tenon/error.hpp"

// Stands in for the oneDNN engine where it was not built in.
namespace tenon::backend {

const Engine& onednn_engine() {
  throw EngineError(make_diagnostic(
      "E001", "this build of Tenon has no onednn engine",
      {"it was configured with -DTENON_WITH_ONEDNN=OFF"},
      "install oneDNN (Debian: libdnnl-dev) and configure with -DTENON_WITH_ONEDNN=ON, or use the "
      "engine `reference`"));
}

bool has_onednn_engine() noexcept { return false; }

}  // namespace tenon::backend
