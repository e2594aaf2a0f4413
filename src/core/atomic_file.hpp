#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tenon {

/// A file being written beside the place where it will be: `<path>.tmp-<process>-<counter>`.
/// `commit` syncs it, renames it over `path` and syncs the folder; without a commit the destructor
/// removes it and `path` stays as it was. Missing folders above `path` are made. A symbolic link is
/// written through: it stays, and the file that it leads to is replaced. One thread at a time.
class AtomicFile {
 public:
  /// Throws FormatError (F001), also where `path` is a folder, a device or a pipe.
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// For libraries that write to a name or a descriptor of their own (HDF5, libarchive).
  const std::string& temporary_path() const noexcept { return temporary_path_; }
  int descriptor() const noexcept { return descriptor_; }

  /// Appends. Throws FormatError.
  void write(std::string_view bytes);
  void write(const void* bytes, std::size_t count);
  /// Throws FormatError; `path` is then untouched. One of the two is to be called, once.
  void commit();
  /// … but syncs nothing: other processes see the old file or the new one, but after a loss of
  /// power `path` may be cut off or zeros. For files whose damage is found and of no consequence.
  void commit_unsynced();

 private:
  void close_and_rename();
  [[noreturn]] void fail(const char* doing) const;

  std::string path_;
  std::string temporary_path_;
  int descriptor_ = -1;
  bool committed_ = false;
};

}  // namespace tenon
