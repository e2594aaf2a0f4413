#pragma once

#include <span>
#include <string_view>

namespace tenon::cli {

/// A page of docs/diagnostics, put into the command when it was built.
struct Page {
  std::string_view code;
  std::string_view text;
};
std::span<const Page> diagnostic_pages() noexcept;

}  // namespace tenon::cli
