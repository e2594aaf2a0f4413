#pragma once

#include <tiffio.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace tenon::readers {

/// A TIFF file in memory, opened for reading: libtiff's handle with messages kept here, where two
/// threads that decode at once do not meet. Opening reads the first directory.
class TiffFile {
 public:
  /// `bytes` outlives this. Throws FormatError if libtiff cannot open it.
  TiffFile(std::string_view bytes, const std::string& name);
  TiffFile(const TiffFile&) = delete;
  TiffFile& operator=(const TiffFile&) = delete;

  TIFF* handle() const noexcept { return handle_.get(); }
  const std::string& name() const noexcept { return name_; }
  /// A tag that has one value of type T, or the default that the TIFF standard gives it.
  template <class T>
  T tag(uint32_t tag_number, T otherwise) const {
    T value = otherwise;
    return TIFFGetFieldDefaulted(handle(), tag_number, &value) == 1 ? value : otherwise;
  }
  /// Goes to a page, from 0. Throws FormatError if there is none.
  void select_page(int page);
  /// Goes to the page behind this one; false if this is the last.
  bool next_page();
  /// Throws FormatError with libtiff's first message, or `reason` if it gave none.
  [[noreturn]] void fail(const std::string& reason) const;
  /// True once libtiff warned that pixels or a tag are missing, and went on with made-up ones.
  bool damaged() const noexcept { return damaged_; }

 private:
  static tmsize_t read(thandle_t self, void* out, tmsize_t count);
  static toff_t seek(thandle_t self, toff_t offset, int whence);
  static toff_t size(thandle_t self);
  static int on_error(TIFF*, void* self, const char* module, const char* format, va_list arguments);
  static int on_warning(TIFF*, void* self, const char* module, const char* format,
                        va_list arguments);

  std::string_view bytes_;
  std::string name_;
  std::size_t position_ = 0;
  std::array<char, 256> message_{};
  bool damaged_ = false;
  std::unique_ptr<TIFF, void (*)(TIFF*)> handle_;
};

}  // namespace tenon::readers
