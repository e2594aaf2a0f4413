#include "io/readers/address_identity.hpp"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <optional>
#include <string_view>

#include "data/cache/content_hash.hpp"
#include "io/readers/s3_address.hpp"
#include "io/readers/s3_folder.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

/// What is known of files and folders at addresses.
class KnownIdentities {
 public:
  std::optional<std::string> find(const std::string& address) const {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(address);
    return known == known_.end() ? std::nullopt : std::optional(known->second);
  }
  void set(const std::string& address, const std::string& identity) {
    const std::lock_guard lock(mutex_);
    known_.insert_or_assign(address, identity);
  }
  /// What nobody asks for is not remembered: without a cache there may be millions of files.
  void set_if_known(const std::string& address, const std::string& identity) {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(address);
    if (known != known_.end()) known->second = identity;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> known_;
};

KnownIdentities& known_identities() {
  static KnownIdentities identities;
  return identities;
}

std::string identity_of(const std::string& tag, std::uint64_t size) {
  return tag.empty() ? "" : fmt::format("{} {}", tag, size);
}

std::string identity_of(const std::vector<S3File>& files) {
  if (files.empty()) return {};
  data::ContentHash hash;
  for (const S3File& file : files) {
    if (file.tag.empty()) return {};
    for (const std::string_view text : {std::string_view(file.name), std::string_view(file.tag)}) {
      hash.add(std::uint64_t{text.size()});
      hash.add(text);
    }
    hash.add(file.size);
  }
  return fmt::format("{} files {}", files.size(), hash.hex());
}

/// Reading it tells what is wrong where this is empty.
std::string asked_identity(const std::string& address) {
  try {
    if (is_s3_folder(address)) return identity_of(list_s3_series(address));
    Transfer transfer;
    transfer.address = address;
    transfer.only_head = true;
    transfer.take = [](std::string_view) {};
    transfer.restart = [] {};
    try {
      static_cast<void>(fetch(transfer));
    } catch (const FormatError&) {
      if (!transfer.missing || !is_s3(address)) return {};
      return identity_of(list_s3_series(address));
    }
    return identity_of(transfer.tag, transfer.size);
  } catch (const FormatError&) {
    return {};
  }
}

}  // namespace

std::string address_identity(const std::string& address) {
  if (const auto known = known_identities().find(address)) return *known;
  known_identities().set(address, asked_identity(address));
  return *known_identities().find(address);
}

void note_identity(const Transfer& transfer) {
  known_identities().set_if_known(transfer.address, identity_of(transfer.tag, transfer.begin));
}

void note_identity(const std::string& address, const std::vector<S3File>& files) {
  known_identities().set_if_known(address, identity_of(files));
}

}  // namespace tenon::readers
