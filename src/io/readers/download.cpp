#include "io/readers/download.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

#include "core/address.hpp"
#include "core/open_file.hpp"
#include "core/text_hash.hpp"
#include "data/cache/sample_cache.hpp"
#include "io/readers/address_identity.hpp"
#include "io/readers/s3_address.hpp"
#include "io/readers/transfer.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"

namespace tenon::readers {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDownloads = "TENON_DOWNLOADS";
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 42;

fs::path downloads_folder() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  if (const std::string own = variable(kDownloads); !own.empty()) return own;
  if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty())
    return fs::path(cache) / "tenon" / "downloads";
  if (const std::string home = variable("HOME"); !home.empty())
    return fs::path(home) / ".cache" / "tenon" / "downloads";
  return fs::temp_directory_path() / "tenon-downloads";
}

/// An open file that nobody else writes as long as it is open.
class LockedFile {
 public:
  /// `variable`: of the environment, names the folder that it lies in.
  LockedFile(const fs::path& path, const std::string& address, std::string variable)
      : address_(address),
        variable_(std::move(variable)),
        descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (descriptor_ < 0) fail(fmt::format("{} cannot be written", path.string()));
    while (::flock(descriptor_, LOCK_EX) != 0) {
      if (errno != EINTR) fail(fmt::format("{} cannot be locked", path.string()));
    }
  }
  LockedFile(const LockedFile&) = delete;
  LockedFile& operator=(const LockedFile&) = delete;
  ~LockedFile() { ::close(descriptor_); }

  std::uint64_t size() const {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) fail("its copy cannot be read");
    return static_cast<std::uint64_t>(status.st_size);
  }
  void truncate(std::uint64_t size) {
    const bool done = ::ftruncate(descriptor_, static_cast<off_t>(size)) == 0 &&
                      ::lseek(descriptor_, 0, SEEK_END) >= 0;
    if (!done) fail("its copy cannot be written");
  }
  void append(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("its copy cannot be written");
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void sync() {
    if (::fsync(descriptor_) != 0) fail("its copy cannot be written");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw_file_error(address_, fmt::format("{}: {}", what, std::generic_category().message(errno)),
                     "", fmt::format("set {} to a folder with room for it", variable_));
  }

  std::string address_;
  std::string variable_;
  int descriptor_;
};

/// What is known of a copy, in a file beside it: two lines.
struct Note {
  std::string address;
  std::string tag;
};

Note read_note(const fs::path& path) {
  std::ifstream file(path);
  Note note;
  // One that cannot be read is as good as none: the file is fetched anew.
  if (!std::getline(file, note.address) || !std::getline(file, note.tag)) return {};
  return note;
}

void write_note(const fs::path& path, const Note& note) {
  write_file_atomically(path.string(), fmt::format("{}\n{}\n", note.address, note.tag));
}

/// One copy and the files around it.
class Copy {
 public:
  Copy(const std::string& address, const fs::path& folder) : address_(address) {
    const std::string name = fmt::format("{:016x}-{}", hash_text(address), file_name_of(address));
    whole_ = folder / name;
    whole_note_ = folder / (name + ".note");
    lock_ = folder / (name + ".lock");
    part_ = folder / (name + ".part");
    part_note_ = folder / (name + ".part.note");
  }

  std::string bring_up_to_date() {
    const LockedFile lock(lock_, address_, kDownloads);
    LockedFile part(part_, address_, kDownloads);
    Transfer transfer;
    transfer.address = address_;
    transfer.limit = kMostBytes;
    const Note whole = read_note(whole_note_);
    if (fs::exists(whole_) && whole.address == address_ && !whole.tag.empty()) {
      transfer.tag = whole.tag;
      transfer.only_if_changed = true;
      part.truncate(0);
    } else {
      const Note begun = read_note(part_note_);
      const bool goes_on = begun.address == address_ && !begun.tag.empty();
      part.truncate(goes_on ? part.size() : 0);
      transfer.begin = part.size();
      transfer.tag = transfer.begin > 0 ? begun.tag : "";
    }
    std::string noted = transfer.tag;
    transfer.restart = [&] { part.truncate(0); };
    transfer.take = [&](std::string_view bytes) {
      if (transfer.tag != noted) {
        write_note(part_note_, {address_, transfer.tag});
        noted = transfer.tag;
      }
      part.append(bytes);
    };
    if (fetch(transfer) == Fetched::kWhole) finish(part, transfer.tag);
    return whole_.string();
  }

 private:
  /// The note of the old copy goes first: a copy without one is not believed.
  void finish(LockedFile& part, const std::string& tag) {
    part.sync();
    fs::remove(whole_note_);
    fs::rename(part_, whole_);
    write_note(whole_note_, {address_, tag});
    fs::remove(part_note_);
  }

  std::string address_;
  fs::path whole_;
  fs::path whole_note_;
  fs::path lock_;
  fs::path part_;
  fs::path part_note_;
};

}  // namespace

std::string file_name_of(const std::string& address) {
  constexpr std::size_t kMost = 100;
  // What asks a server of the web something is no part of the name; keys in S3 take any letter.
  const std::string path =
      is_s3(address) ? address : address.substr(0, address.find_first_of("?#"));
  std::string name = path.substr(path.rfind('/') + 1);
  for (char& character : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(character)) != 0 ||
                       character == '.' || character == '-' || character == '_';
    if (!plain) character = '_';
  }
  if (name.find_first_not_of('.') == std::string::npos) return "file";
  return name.size() > kMost ? name.substr(name.size() - kMost) : name;
}

std::string local_copy(const std::string& address) {
  struct Known {
    std::mutex mutex;
    std::string path;
  };
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<Known>> all;
  std::shared_ptr<Known> known;
  {
    const std::lock_guard lock(mutex);
    auto& entry = all[address];
    if (!entry) entry = std::make_shared<Known>();
    known = entry;
  }
  const std::lock_guard lock(known->mutex);
  if (!known->path.empty() && fs::exists(known->path)) return known->path;
  const fs::path folder = downloads_folder();
  try {
    fs::create_directories(folder);
    known->path = Copy(address, folder).bring_up_to_date();
  } catch (const fs::filesystem_error& error) {
    throw_file_error(address, fmt::format("no copy of it can be kept: {}", error.what()), "",
                     "set TENON_DOWNLOADS to a folder with room for it");
  }
  return known->path;
}

std::string read_address(const std::string& address, std::uint64_t limit) {
  std::string bytes;
  Transfer transfer;
  transfer.address = address;
  transfer.limit = limit;
  transfer.take = [&](std::string_view more) { bytes += more; };
  transfer.restart = [&] { bytes.clear(); };
  static_cast<void>(fetch(transfer));
  note_identity(transfer);
  return bytes;
}

std::string read_file_or_address(const std::string& path, std::uint64_t limit) {
  return is_address(path) ? read_address(path, limit) : read_regular_file(path, limit);
}

void fetch_to(Transfer& transfer, const std::string& path) {
  LockedFile file(path, transfer.address, "TMPDIR");
  transfer.take = [&](std::string_view bytes) { file.append(bytes); };
  transfer.restart = [&] { file.truncate(0); };
  static_cast<void>(fetch(transfer));
}

void take_addresses() {
  set_address_copy(&local_copy);
  data::set_address_identity(&address_identity);
}

}  // namespace tenon::readers
