#include "io/readers/s3_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

#include "io/readers/address_identity.hpp"
#include "io/readers/download.hpp"
#include "io/readers/s3_address.hpp"
#include "io/readers/transfer.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostSlices = 65'536;
constexpr std::size_t kAtATime = 8;
constexpr int kMostStates = 3;

/// Folders and the files in them, by their whole addresses.
std::string address_in(const std::string& folder, const std::string& name) {
  return folder.ends_with('/') ? folder + name : folder + "/" + name;
}

/// Its own name where that is plain, so that messages of readers tell it; other names are numbered
/// behind a sign that no plain one has, and keep their endings.
std::string local_name(const std::string& name, std::size_t index) {
  const std::string plain = file_name_of(name);
  if (plain == name) return name;
  const std::size_t dot = plain.rfind('.');
  return fmt::format("+{}+{}", index, dot == std::string::npos ? "" : plain.substr(dot));
}

std::string without_quotes(const std::string& tag) {
  const bool quoted = tag.size() >= 2 && tag.starts_with('"') && tag.ends_with('"');
  return quoted ? tag.substr(1, tag.size() - 2) : tag;
}

/// Begun is only what fits. Returns the sum of the sizes.
std::uint64_t checked_size(const std::string& address, const std::vector<S3File>& files,
                           const fs::path& folder, std::uint64_t limit) {
  std::uint64_t sum = 0;
  for (const S3File& file : files) {
    if (file.size > limit - sum) {
      throw_file_error(address,
                       fmt::format("its {} files have more than {:.3g} GB in all", files.size(),
                                   static_cast<double>(limit) / 1e9),
                       "", "name the folder of one series");
    }
    sum += file.size;
  }
  std::error_code unknown;
  const fs::space_info space = fs::space(folder, unknown);
  if (unknown || sum <= space.available) return sum;
  throw_file_error(address,
                   fmt::format("its files have {:.3g} GB, and {} has room for {:.3g}",
                               static_cast<double>(sum) / 1e9, fs::temp_directory_path().string(),
                               static_cast<double>(space.available) / 1e9),
                   "", "set TMPDIR to a folder with room for it");
}

/// Fetches files until all are there or one cannot be had.
class Fetching {
 public:
  Fetching(const std::string& address, const std::vector<S3File>& files,
           const std::vector<CopiedFile>& copies, const fs::path& folder, std::uint64_t spare)
      : address_(address), files_(files), copies_(copies), folder_(folder), spare_(spare) {}

  /// True if each file was what the list says of it.
  bool run() {
    {
      std::vector<std::jthread> others;
      try {
        while (others.size() + 1 < std::min(kAtATime, files_.size()))
          others.emplace_back([this] { work(); });
      } catch (const std::system_error&) {  // Fewer threads fetch them, too.
      }
      work();
    }
    if (error_) std::rethrow_exception(error_);
    return as_listed_;
  }

 private:
  void work() noexcept {
    for (std::size_t i = next_++; i < files_.size() && !failed_; i = next_++) {
      try {
        fetch_one(files_[i], (folder_ / copies_[i].local).string());
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!error_) error_ = std::current_exception();
        failed_ = true;
      }
    }
  }

  void fetch_one(const S3File& file, const std::string& path) {
    Transfer transfer;
    transfer.address = address_in(address_, file.name);
    {
      const std::lock_guard lock(mutex_);
      transfer.limit = file.size + spare_;
    }
    fetch_to(transfer, path);
    if (transfer.begin > file.size) {
      const std::lock_guard lock(mutex_);
      spare_ -= std::min(spare_, transfer.begin - file.size);
    }
    const bool same =
        transfer.begin == file.size && without_quotes(transfer.tag) == without_quotes(file.tag);
    if (!same) as_listed_ = false;
  }

  const std::string& address_;
  const std::vector<S3File>& files_;
  const std::vector<CopiedFile>& copies_;
  const fs::path& folder_;
  std::uint64_t spare_;  ///< What files that have grown may take beyond the list, in all.
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::atomic<bool> as_listed_{true};
  std::mutex mutex_;
  std::exception_ptr error_;
};

std::vector<CopiedFile> names_of(const std::vector<S3File>& files) {
  std::vector<CopiedFile> copies;
  copies.reserve(files.size());
  for (const S3File& file : files)
    copies.push_back({file.name, local_name(file.name, copies.size())});
  return copies;
}

}  // namespace

bool is_s3_folder(const std::string& address) {
  if (!is_s3(address)) return false;
  constexpr std::size_t kBucket = 5;  // Behind "s3://".
  return address.ends_with('/') || address.find('/', kBucket) == std::string::npos;
}

std::vector<S3File> list_s3_series(const std::string& address) {
  std::vector<S3File> files = list_s3_folder(address, kMostSlices);
  std::erase_if(files, [](const S3File& file) { return file.name.starts_with('.'); });
  return files;
}

std::vector<CopiedFile> copy_s3_folder(const std::string& address, const fs::path& folder,
                                       std::uint64_t limit) {
  std::vector<S3File> files = list_s3_series(address);
  for (int state = 0; state < kMostStates; ++state) {
    const std::uint64_t spare = limit - checked_size(address, files, folder, limit);
    std::vector<CopiedFile> copies = names_of(files);
    bool is_one_state = Fetching(address, files, copies, folder, spare).run();
    if (!is_one_state) {
      // Some servers have other words for a file in lists than beside it.
      std::vector<S3File> now = list_s3_series(address);
      is_one_state = now == files;
      files = std::move(now);
    }
    if (is_one_state) {
      note_identity(address, files);
      return copies;
    }
    for (const CopiedFile& copy : copies) fs::remove(folder / copy.local);
  }
  throw_file_error(address, "its files change while they are read");
}

}  // namespace tenon::readers
