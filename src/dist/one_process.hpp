#pragma once

#include <memory>

#include "dist/transport.hpp"

namespace tenon::dist {

/// A run of one rank: nobody to send to.
std::unique_ptr<Transport> one_process();

}  // namespace tenon::dist
