#include "io/readers/tiff_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "io/readers/image_decoder.hpp"

namespace tenon::readers {
namespace {

tmsize_t refuse_write(thandle_t, void*, tmsize_t) { return 0; }
int leave_open(thandle_t) { return 0; }

}  // namespace

TiffFile::TiffFile(std::string_view bytes, const std::string& name)
    : bytes_(bytes), name_(name), handle_(nullptr, TIFFClose) {
  const std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions*)> options(TIFFOpenOptionsAlloc(),
                                                                             TIFFOpenOptionsFree);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), static_cast<tmsize_t>(kMaxImageBytes));
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), on_error, this);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), on_warning, this);
  // "m": libtiff copies out of our memory and never works inside of it.
  handle_.reset(TIFFClientOpenExt(name_.c_str(), "rm", this, read, refuse_write, seek, leave_open,
                                  size, nullptr, nullptr, options.get()));
  if (handle_ == nullptr || damaged_) {
    fail("it cannot be opened");
  }
}

void TiffFile::fail(const std::string& reason) const {
  throw_image_error("TIFF", name_, message_[0] == '\0' ? reason : message_.data());
}

void TiffFile::select_page(int page) {
  for (int at = 0; at < page; ++at) {
    if (!next_page()) fail(fmt::format("it has {} pages, page {} is not there", at + 1, page));
  }
}

bool TiffFile::next_page() {
  if (TIFFLastDirectory(handle()) != 0) return false;
  if (TIFFReadDirectory(handle()) != 1 || damaged_) fail("one of its pages is damaged");
  return true;
}

tmsize_t TiffFile::read(thandle_t self, void* out, tmsize_t count) {
  auto& file = *static_cast<TiffFile*>(self);
  if (count <= 0 || file.position_ >= file.bytes_.size()) {
    return 0;
  }
  const std::size_t given =
      std::min(static_cast<std::size_t>(count), file.bytes_.size() - file.position_);
  std::memcpy(out, file.bytes_.data() + file.position_, given);
  file.position_ += given;
  return static_cast<tmsize_t>(given);
}

toff_t TiffFile::seek(thandle_t self, toff_t offset, int whence) {
  auto& file = *static_cast<TiffFile*>(self);
  const toff_t base = whence == SEEK_CUR   ? file.position_
                      : whence == SEEK_END ? file.bytes_.size()
                                           : 0;
  file.position_ = static_cast<std::size_t>(base + offset);
  return file.position_;
}

toff_t TiffFile::size(thandle_t self) { return static_cast<TiffFile*>(self)->bytes_.size(); }

int TiffFile::on_error(TIFF*, void* self, const char*, const char* format, va_list arguments) {
  auto& file = *static_cast<TiffFile*>(self);
  if (file.message_[0] == '\0') {
    std::vsnprintf(file.message_.data(), file.message_.size(), format, arguments);
  }
  return 1;
}

int TiffFile::on_warning(TIFF*, void* self, const char* module, const char* format,
                         va_list arguments) {
  const bool lost_pixels = module != nullptr && std::strcmp(module, "JPEGLib") == 0;
  // A tag that lies behind the end of the file is dropped by libtiff with a mere warning, after
  // which a palette image would come out grey.
  const bool lost_tag = std::strncmp(format, "IO error", 8) == 0;
  if (lost_pixels || lost_tag) {
    static_cast<TiffFile*>(self)->damaged_ = true;
    return on_error(nullptr, self, module, format, arguments);
  }
  return 1;
}

}  // namespace tenon::readers
