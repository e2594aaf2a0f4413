#pragma once

#include <memory>
#include <string>

#include "tenon/callbacks.hpp"

namespace tenon::cli {

/// Renames model.keras in the folder `output` to model.previous.keras when the training begins: a
/// model that an earlier run left must not be taken for this run's, should this one not end.
/// `origin`, the file that this run goes on from, stays where it is.
std::shared_ptr<Callback> put_aside_old_model(std::string output, std::string origin);

}  // namespace tenon::cli
