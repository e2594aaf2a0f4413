#pragma once

#include <string>

namespace tenon::cli {

/// Keeps other runs out of an output folder as long as it lives; a process that is killed holds
/// nothing. Where the file system knows no locks it keeps nobody out.
class OutputLock {
 public:
  /// Throws FormatError (F001) where another run has the folder, or there is none.
  explicit OutputLock(const std::string& folder);
  ~OutputLock();
  OutputLock(const OutputLock&) = delete;
  OutputLock& operator=(const OutputLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace tenon::cli
