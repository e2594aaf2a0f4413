#include "tenon/npz.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <functional>
#include <memory>
#include <set>
#include <string_view>

#include "core/atomic_file.hpp"
#include "core/npy_format.hpp"
#include "core/open_file.hpp"
#include "core/utf8_locale.hpp"
#include "tenon/error.hpp"

namespace tenon {
namespace {

constexpr std::size_t kMaxMembers = 65536;
constexpr std::uint64_t kMaxTotalBytes = std::uint64_t{1} << 36U;  // 64 GiB
/// Deflate cannot shrink more than 1032 to 1; a member that claims more is a lie.
constexpr std::uint64_t kMaxRatio = 1032;
constexpr std::size_t kReadBlock = std::size_t{1} << 16U;
constexpr std::string_view kExtension = ".npy";

struct FreeReader {
  void operator()(archive* handle) const noexcept { archive_read_free(handle); }
};
struct FreeWriter {
  void operator()(archive* handle) const noexcept { archive_write_free(handle); }
};
struct FreeEntry {
  void operator()(archive_entry* entry) const noexcept { archive_entry_free(entry); }
};
using Reader = std::unique_ptr<archive, FreeReader>;
using Writer = std::unique_ptr<archive, FreeWriter>;
using Entry = std::unique_ptr<archive_entry, FreeEntry>;

std::string reason(archive* handle) {
  const char* text = archive_error_string(handle);
  return text == nullptr ? "no reason is known" : text;
}

class MemberSource : public ByteSource {
 public:
  MemberSource(archive* handle, std::string name, std::uint64_t size)
      : handle_(handle), name_(std::move(name)), size_(size) {}

  std::size_t read(void* bytes, std::size_t count) override {
    auto* at = static_cast<char*>(bytes);
    std::size_t got = 0;
    while (got < count) {
      const la_ssize_t step = archive_read_data(handle_, at + got, count - got);
      if (step < 0) throw_file_error(name_, "cannot be unpacked: " + reason(handle_));
      if (step == 0) break;
      got += static_cast<std::size_t>(step);
    }
    return got;
  }
  std::uint64_t size() const override { return size_; }
  const std::string& name() const override { return name_; }

 private:
  archive* handle_;
  std::string name_;
  std::uint64_t size_;
};

/// `file` stays open for as long as the reader is used.
Reader open_archive(const std::string& path, const OpenFile& file) {
  Reader reader(archive_read_new());
  archive_read_support_format_zip_seekable(reader.get());
  if (archive_read_open_fd(reader.get(), fileno(file.handle.get()), kReadBlock) != ARCHIVE_OK) {
    throw_file_error(path, "is no .npz archive: " + reason(reader.get()),
                     "a zip file written by numpy.savez");
  }
  return reader;
}

std::string member_name(const std::string& path, archive_entry* entry) {
  const char* name = archive_entry_pathname_utf8(entry);
  if (name == nullptr) name = archive_entry_pathname(entry);
  const std::string member = name == nullptr ? "" : name;
  if (archive_entry_filetype(entry) != AE_IFREG || !member.ends_with(kExtension)) {
    throw_file_error(path, fmt::format("the member {} is no .npy file", quote_key(member)),
                     "an archive of .npy files only");
  }
  return member.substr(0, member.size() - kExtension.size());
}

/// The declared size of a member, checked against what is left of the limit and what the archive's
/// own bytes could hold.
std::uint64_t member_size(const std::string& path, const std::string& name, archive_entry* entry,
                          std::uint64_t archive_size, std::uint64_t& total) {
  const auto fail = [&](const std::string& what, const std::string& expected) {
    throw_file_error(path, fmt::format("the member {} {}", quote_key(name), what), expected);
  };
  if (archive_entry_size_is_set(entry) == 0 || archive_entry_size(entry) < 0) {
    fail("has no size", "a size in the archive's directory");
  }
  const auto size = static_cast<std::uint64_t>(archive_entry_size(entry));
  if (size > kMaxTotalBytes - total) {
    fail(fmt::format("claims {} bytes", size), "at most 64 GiB in the whole archive");
  }
  if (size / kMaxRatio > archive_size) {
    fail(fmt::format("claims {} bytes in an archive of {}", size, archive_size),
         "stored or deflated data, at most 1032 times the archive");
  }
  total += size;
  return size;
}

using MemberVisitor = std::function<void(const std::string& name, MemberSource& source)>;

/// What numpy.savez writes for no arrays: an end record and nothing else, which libarchive does not
/// know for a zip file.
bool is_empty_archive(const OpenFile& file) {
  constexpr std::size_t kEndRecordSize = 22;
  std::array<char, kEndRecordSize> end{};
  if (file.size != kEndRecordSize) return false;
  if (std::fread(end.data(), 1, end.size(), file.handle.get()) != end.size()) return false;
  return std::string_view(end.data(), end.size()).starts_with("PK\x05\x06");
}

void visit_members(const std::string& path, const MemberVisitor& visit) {
  const OpenFile file = open_for_reading(path);
  const std::uint64_t archive_size = file.size;
  if (is_empty_archive(file)) return;
  std::rewind(file.handle.get());
  const Utf8Locale locale;
  const Reader reader = open_archive(path, file);
  std::uint64_t total = 0;
  std::set<std::string> names;
  archive_entry* entry = nullptr;
  for (;;) {
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) return;
    if (status < ARCHIVE_WARN) {
      throw_file_error(path, "the archive is damaged: " + reason(reader.get()), "a whole zip file");
    }
    const std::string name = member_name(path, entry);
    if (!names.insert(name).second) {
      throw_file_error(path, fmt::format("the member {} is there twice", quote_key(name)),
                       "one array per name");
    }
    if (names.size() > kMaxMembers) {
      throw_file_error(path, "has too many members", fmt::format("at most {}", kMaxMembers));
    }
    const std::uint64_t size = member_size(path, name, entry, archive_size, total);
    MemberSource source(reader.get(), fmt::format("{}, member {}", path, quote_key(name)), size);
    visit(name, source);
  }
}

/// The checksum is looked at only when the end is reached.
void require_end(MemberSource& source) {
  char further = 0;
  if (source.read(&further, 1) != 0) {
    throw_file_error(source.name(), "has more bytes than its header says", "one array per member");
  }
}

void check(const std::string& path, archive* handle, int status) {
  if (status < ARCHIVE_WARN) throw_file_error(path, "writing failed: " + reason(handle));
}

void write_all(const std::string& path, archive* handle, const void* bytes, std::size_t count) {
  const auto* at = static_cast<const char*>(bytes);
  while (count > 0) {
    const la_ssize_t written = archive_write_data(handle, at, count);
    if (written <= 0) throw_file_error(path, "writing failed: " + reason(handle));
    at += written;
    count -= static_cast<std::size_t>(written);
  }
}

void write_member(const std::string& path, archive* handle, const std::string& name,
                  const Tensor& tensor) {
  const NpyImage image = npy_image(fmt::format("{}, member {}", path, quote_key(name)), tensor);
  const Entry entry(archive_entry_new());
  archive_entry_set_pathname_utf8(entry.get(), (name + std::string(kExtension)).c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_size(entry.get(),
                         static_cast<la_int64_t>(image.header.size() + image.array.byte_size()));
  check(path, handle, archive_write_header(handle, entry.get()));
  write_all(path, handle, image.header.data(), image.header.size());
  write_all(path, handle, image.array.bytes(), image.array.byte_size());
  check(path, handle, archive_write_finish_entry(handle));
}

void require_names(const std::string& path, const NamedTensors& tensors) {
  std::set<std::string_view> names;
  for (const auto& [name, tensor] : tensors) {
    if (name.empty() || name.find('\0') != std::string::npos) {
      throw_argument_error("save_npz " + path, "the name " + quote_key(name), "a name");
    }
    if (!names.insert(name).second) {
      throw KeyError(make_diagnostic(
          "K012", fmt::format("save_npz {}: the name {} is there twice", path, quote_key(name)),
          {"expected: one array per name"}));
    }
  }
}

}  // namespace

NamedTensors load_npz(const std::string& path) {
  NamedTensors tensors;
  visit_members(path, [&](const std::string& name, MemberSource& source) {
    const NpyHeader header = read_npy_header(source);
    tensors.emplace_back(name, read_npy_array(source, header));
    require_end(source);
  });
  return tensors;
}

std::vector<NpzEntry> list_npz(const std::string& path) {
  std::vector<NpzEntry> entries;
  visit_members(path, [&](const std::string& name, MemberSource& source) {
    const NpyHeader header = read_npy_header(source);
    entries.push_back({name, header.dtype, header.shape});
  });
  return entries;
}

void save_npz(const std::string& path, const NamedTensors& tensors) {
  require_names(path, tensors);
  AtomicFile file(path);
  const Utf8Locale locale;
  const Writer writer(archive_write_new());
  check(path, writer.get(), archive_write_set_format_zip(writer.get()));
  check(path, writer.get(), archive_write_set_options(writer.get(), "zip:compression=store"));
  check(path, writer.get(), archive_write_set_options(writer.get(), "zip:hdrcharset=UTF-8"));
  check(path, writer.get(), archive_write_open_fd(writer.get(), file.descriptor()));
  for (const auto& [name, tensor] : tensors) write_member(path, writer.get(), name, tensor);
  check(path, writer.get(), archive_write_close(writer.get()));
  file.commit();
}

}  // namespace tenon
