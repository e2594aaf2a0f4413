#include "io/readers/transfer.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {

Fetched fetch(Transfer& transfer) {
  throw_file_error(transfer.address, "is an address, and this Tenon was built without libcurl",
                   "a path", "install libcurl's development files and build again");
}

bool has_http() noexcept { return false; }

}  // namespace tenon::readers
