#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/history.hpp"

namespace tenon::train {

/// A file name with places to be filled in, as in Keras: "w-{epoch:02d}-{val_loss:.2f}.keras".
/// "{{" and "}}" stand for braces.
class FilePattern {
 public:
  /// Throws ContractError (A001) for a brace that is not closed, or a format that numbers cannot
  /// have.
  explicit FilePattern(std::string text);

  /// The names of logs in it; "epoch" and "batch" are not among them.
  std::vector<std::string> log_names() const;
  /// Throws ContractError (C002) if a name is not in the logs of this epoch.
  std::string fill(std::int64_t epoch, std::optional<std::int64_t> batch, const Logs& logs) const;

 private:
  struct Piece {
    std::string text;    ///< Literal text, or a name.
    std::string format;  ///< "{:02d}"; empty for literal text.
  };
  std::string text_;
  std::vector<Piece> pieces_;
};

}  // namespace tenon::train
