#include <fmt/format.h>

#include "backend/api/engine.hpp"
#include "cli/commands.hpp"
#include "cli/version.hpp"
#include "dist/mpi.hpp"
#include "io/readers/transfer.hpp"

namespace tenon::cli {

std::string version_text() {
  std::string text = fmt::format("tenon {}\n  engine reference: {}\n", kVersion,
                                 backend::reference_engine().description());
  if (backend::has_onednn_engine()) {
    text +=
        fmt::format("  engine onednn: {} (the default)\n", backend::onednn_engine().description());
  } else {
    text += "  engine onednn: not built in\n";
  }
  text += fmt::format("  ranks: {}\n",
                      dist::has_mpi() ? "MPI: " + dist::mpi_description() : "not built in");
  text +=
      fmt::format("  addresses: {}\n", readers::has_http() ? "http, https, s3" : "not built in");
  return text +
         "  images: JPEG, PNG, TIFF\n  volumes: NIfTI, DICOM, NRRD, MetaImage\n"
         "  models: .keras, .weights.h5";
}

}  // namespace tenon::cli
