#pragma once

#include <memory>
#include <string>

#include "tenon/callbacks.hpp"

namespace tenon::cli {

/// Whether the folder `output` holds the state of a training that has not ended.
bool has_state(const std::string& output);

/// When the training begins, renames what an earlier run left in the folder `output` (model.keras
/// to model.previous.keras; interrupted.keras and stopped.keras alike): it must not be taken for
/// this run's. So is the state of a run that has not ended, with its tables, which is told. A run
/// that is resumed renames nothing. `origin`, the file that this run goes on
/// from, stays where it is.
std::shared_ptr<Callback> put_aside_old_models(std::string output, std::string origin);

}  // namespace tenon::cli
