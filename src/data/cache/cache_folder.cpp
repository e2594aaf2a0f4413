#include "data/cache/cache_folder.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <map>
#include <utility>

#include "data/cache/cache_entry.hpp"
#include "data/cache/full_cache.hpp"
#include "tenon/error.hpp"
#include "tenon/file.hpp"
#include "tenon/message.hpp"

namespace tenon::data {
namespace {

namespace fs = std::filesystem;

/// By which tools for backups know that it need not be kept (the Cache Directory Tagging standard).
constexpr const char* kMark = "CACHEDIR.TAG";
constexpr const char* kMarkText =
    "Signature: 8a477f597d28d172789f06886806bc55\n# Samples that Tenon cached; see `tenon "
    "cache`.\n";
constexpr const char* kEnding = ".sample";
constexpr const char* kUnfinished = ".sample.tmp-";
/// A file that nobody finished is left alone for so many seconds: another machine may write it.
constexpr std::int64_t kUnfinishedAge = 3600;
constexpr std::int64_t kDeadAge = 60;

void require_cache(const std::string& folder) {
  if (fs::is_regular_file(fs::path(folder) / kMark)) return;
  throw_file_error(folder, fmt::format("it is no folder of a cache: it has no {}", kMark), "",
                   "name the folder that stands in the experiment file");
}

/// The process that wrote "<name>.sample.tmp-<process>-<counter>"; 0 if that is not told.
pid_t writer_of(const std::string& name) {
  const std::size_t at = name.find(kUnfinished);
  if (at == std::string::npos) return 0;
  const char* first = name.data() + at + std::string_view(kUnfinished).size();
  pid_t process = 0;
  const auto read = std::from_chars(first, name.data() + name.size(), process);
  return read.ec == std::errc() && process > 0 ? process : 0;
}

bool is_abandoned(const std::string& name, std::int64_t age) {
  if (name.find(kUnfinished) == std::string::npos) return false;
  if (age > kUnfinishedAge) return true;
  const pid_t process = writer_of(name);
  return process > 0 && age > kDeadAge && ::kill(process, 0) != 0 && errno == ESRCH;
}

/// True if no run finds it again. A file that is not there may be on a disk that is not either.
bool is_outdated(const CachedFile& file) {
  try {
    const CacheEntry entry(file.path);
    return std::ranges::any_of(entry.facts().files, [](const ReadFile& read) {
      const std::string now = file_identity(read.path);
      return !now.empty() && now != read.identity;
    });
  } catch (const FormatError&) {
    return true;
  }
}

/// By which a file is known as one that was used.
std::size_t name_hash(const std::string& path) {
  return std::hash<std::string>{}(fs::path(path).filename().string());
}

template <class Visit>
void visit_files(const std::string& folder, Visit visit) {
  std::error_code error;
  for (const auto& part : fs::directory_iterator(folder, error)) {
    if (part.path().filename().string().size() != 2) continue;
    std::error_code inner;
    for (const auto& entry : fs::directory_iterator(part.path(), inner)) {
      struct stat status {};
      // Another process may have removed it since.
      if (::stat(entry.path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
      visit(CachedFile{entry.path().string(), status.st_size, status.st_mtim.tv_sec});
    }
  }
}

}  // namespace

std::vector<CachedFile> cached_files(const std::string& folder) {
  require_cache(folder);
  std::vector<CachedFile> files;
  visit_files(folder, [&](CachedFile file) {
    if (file.path.ends_with(kEnding)) files.push_back(std::move(file));
  });
  std::sort(files.begin(), files.end(), [](const CachedFile& a, const CachedFile& b) {
    return std::pair(a.last_used, a.path) < std::pair(b.last_used, b.path);
  });
  return files;
}

Pruned prune_cache(const std::string& folder, const PruneOptions& options) {
  const std::vector<CachedFile> files = cached_files(folder);
  const std::int64_t now = ::time(nullptr);
  visit_files(folder, [&](const CachedFile& file) {
    const std::string name = fs::path(file.path).filename().string();
    if (is_abandoned(name, now - file.last_used)) ::unlink(file.path.c_str());
  });
  std::int64_t bytes = 0;
  for (const CachedFile& file : files) bytes += file.bytes;
  Pruned pruned;
  for (const CachedFile& file : files) {
    const bool too_many = options.most_bytes && bytes > *options.most_bytes;
    const bool too_old = options.most_seconds && now - file.last_used > *options.most_seconds;
    if (!too_many && !too_old && !(options.outdated && is_outdated(file))) continue;
    if (options.kept && options.kept(file)) continue;
    bytes -= file.bytes;
    if (::unlink(file.path.c_str()) != 0) continue;
    ++pruned.files;
    pruned.bytes += file.bytes;
  }
  return pruned;
}

std::shared_ptr<CacheFolder> CacheFolder::shared(const std::string& folder, std::int64_t budget) {
  static std::mutex mutex;
  static std::map<std::pair<std::string, std::int64_t>, std::weak_ptr<CacheFolder>> all;
  const std::lock_guard lock(mutex);
  std::erase_if(all, [](const auto& each) { return each.second.expired(); });
  auto& known = all[{folder, budget}];
  auto found = known.lock();
  if (found == nullptr) {
    found = std::make_shared<CacheFolder>(folder, budget);
    known = found;
  }
  return found;
}

std::string CacheFolder::path_of(const std::string& address) const {
  return fmt::format("{}/{}/{}{}", folder_, address.substr(0, 2), address.substr(2), kEnding);
}

void CacheFolder::begin_writing() {
  const std::lock_guard lock(mutex_);
  if (begun_) return;
  const fs::path mark = fs::path(folder_) / kMark;
  if (!fs::exists(mark)) write_file_atomically(mark.string(), kMarkText);
  begun_ = true;
}

void CacheFolder::used(const std::string& address) {
  if (budget_ <= 0) return;
  const std::size_t name = name_hash(path_of(address));
  const std::lock_guard lock(mutex_);
  used_.insert(name);
}

void CacheFolder::wrote(const std::string& address, std::int64_t bytes,
                        std::optional<std::int64_t> samples) {
  if (budget_ <= 0) return;
  const std::lock_guard lock(mutex_);
  written_since_look_ += bytes;
  if (known_bytes_) *known_bytes_ += bytes;
  // Other processes write, too.
  if (!known_bytes_ || *known_bytes_ > budget_ || written_since_look_ > budget_ / 8) {
    std::int64_t sum = 0;
    for (const CachedFile& file : cached_files(folder_)) sum += file.bytes;
    known_bytes_ = sum;
    written_since_look_ = 0;
  }
  if (*known_bytes_ <= budget_) return;
  // Some more than has to be, so that this is not done for every file.
  const auto kept = [this](const CachedFile& file) {
    return file.last_used >= started_ || used_.contains(name_hash(file.path));
  };
  *known_bytes_ -= prune_cache(folder_, {.most_bytes = budget_ - budget_ / 10, .kept = kept}).bytes;
  if (*known_bytes_ <= budget_) return;
  if (::unlink(path_of(address).c_str()) == 0) *known_bytes_ -= bytes;
  if (full_.exchange(true)) return;
  const auto files = static_cast<std::int64_t>(cached_files(folder_).size());
  emit(full_cache(folder_, {budget_, files, *known_bytes_}, samples));
}

void CacheFolder::warn_once(const std::string& why) {
  if (warned_.exchange(true)) return;
  // Most begin with the name of a file in the folder.
  Diagnostic warning = make_diagnostic(
      "F001", why.starts_with(folder_) ? why : fmt::format("{}: {}", folder_, why),
      {"the samples are right all the same: what the cache does not give is made again"});
  warning.severity = Severity::kWarning;
  emit(warning);
}

}  // namespace tenon::data
