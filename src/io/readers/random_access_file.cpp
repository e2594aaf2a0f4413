#include "io/readers/random_access_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/address.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

class LocalFile : public RandomAccessFile {
 public:
  explicit LocalFile(std::string path)
      : path_(std::move(path)),
        // A pipe is not waited for: it is refused below.
        descriptor_(::open(local_path(path_).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (descriptor_ < 0) fail_to_open(errno);
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
      const bool folder = S_ISDIR(status.st_mode);
      ::close(descriptor_);
      throw_file_error(path_, folder ? "is a folder" : "is no regular file (a device or a pipe?)",
                       "a file");
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  LocalFile(const LocalFile&) = delete;
  LocalFile& operator=(const LocalFile&) = delete;
  ~LocalFile() override { ::close(descriptor_); }

  const std::string& name() const noexcept override { return path_; }
  std::uint64_t size() const noexcept override { return size_; }
  void read(std::uint64_t begin, std::span<char> out) const override {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t got = ::pread(descriptor_, out.data() + done, out.size() - done,
                                  static_cast<off_t>(begin + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) throw_file_error(path_, "the file has become shorter since it was opened");
      done += static_cast<std::size_t>(got);
    }
  }

 private:
  [[noreturn]] void fail_to_open(int code) const {
    throw_file_error(path_, "cannot be read: " + std::generic_category().message(code),
                     "a file that exists and may be read",
                     "check the path and where it starts from");
  }

  std::string path_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

class FileInMemory : public RandomAccessFile {
 public:
  FileInMemory(std::string name, std::string bytes)
      : name_(std::move(name)), bytes_(std::move(bytes)) {}
  const std::string& name() const noexcept override { return name_; }
  std::uint64_t size() const noexcept override { return bytes_.size(); }
  std::uint64_t memory() const noexcept override { return bytes_.size(); }
  void read(std::uint64_t begin, std::span<char> out) const override {
    if (begin > bytes_.size() || out.size() > bytes_.size() - begin)
      throw_file_error(name_, "the file has become shorter since it was opened");
    if (!out.empty()) std::memcpy(out.data(), bytes_.data() + begin, out.size());
  }

 private:
  std::string name_;
  std::string bytes_;
};

/// Unpacks one gzip file, which may have several members behind each other.
class Inflater {
 public:
  explicit Inflater(const RandomAccessFile& file) : file_(file) {
    constexpr int kGzipWindow = 15 + 16;
    if (inflateInit2(&stream_, kGzipWindow) != Z_OK) throw_file_error(file.name(), "no memory");
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  std::string unpack() {
    std::string bytes;
    for (std::uint64_t begin = 0; begin < file_.size();) {
      const std::uint64_t end = std::min(file_.size(), begin + file_.block_size());
      std::string packed = file_.read(begin, end);
      stream_.next_in = reinterpret_cast<Bytef*>(packed.data());
      stream_.avail_in = static_cast<uInt>(packed.size());
      while (stream_.avail_in > 0) step(bytes);
      begin = end;
    }
    if (!at_end_) fail("it ends too early");
    return bytes;
  }

 private:
  void step(std::string& bytes) {
    if (at_end_ && inflateReset(&stream_) != Z_OK) fail("no memory");
    at_end_ = false;
    stream_.next_out = reinterpret_cast<Bytef*>(piece_.data());
    stream_.avail_out = static_cast<uInt>(piece_.size());
    const int status = inflate(&stream_, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
      fail(stream_.msg == nullptr ? "its data is damaged" : stream_.msg);
    const std::size_t got = piece_.size() - stream_.avail_out;
    if (got > kMaxUnpackedBytes - bytes.size()) {
      throw_file_error(file_.name(), "it holds too much to be unpacked into memory",
                       fmt::format("at most {} bytes", kMaxUnpackedBytes),
                       "unpack it with gunzip: then it is read from where it lies");
    }
    bytes.append(piece_.data(), got);
    at_end_ = status == Z_STREAM_END;
    if (status == Z_BUF_ERROR && got == 0 && stream_.avail_in > 0) fail("its data is damaged");
  }
  [[noreturn]] void fail(const std::string& reason) const {
    throw_file_error(file_.name(), "cannot be unpacked: " + reason, "a whole gzip file");
  }

  const RandomAccessFile& file_;
  z_stream stream_{};
  std::array<char, std::size_t{1} << 16> piece_{};
  bool at_end_ = false;
};

}  // namespace

std::string RandomAccessFile::read(std::uint64_t begin, std::uint64_t end) const {
  if (begin > end || end > size())
    throw_file_error(name(), "the file has become shorter since it was opened");
  std::string bytes(end - begin, '\0');
  read(begin, std::span<char>(bytes));
  return bytes;
}

std::shared_ptr<const RandomAccessFile> open_file(const std::string& path) {
  return std::make_shared<LocalFile>(path);
}

std::shared_ptr<const RandomAccessFile> open_unpacked(const std::string& path) {
  std::shared_ptr<const RandomAccessFile> file = open_file(path);
  constexpr std::string_view kGzip = "\x1F\x8B";
  if (file->size() < kGzip.size() || file->read(0, kGzip.size()) != kGzip) return file;
  return std::make_shared<FileInMemory>(path, Inflater(*file).unpack());
}

std::string_view BlockReader::view(std::uint64_t begin, std::uint64_t count) {
  const std::uint64_t block_end = block_begin_ + block_.size();
  if (begin < block_begin_ || begin + count > block_end) {
    const std::uint64_t wanted = std::max(count, file_.block_size());
    block_begin_ = begin;
    block_ = file_.read(begin, std::min(file_.size(), begin + wanted));
  }
  return std::string_view(block_).substr(begin - block_begin_, count);
}

}  // namespace tenon::readers
