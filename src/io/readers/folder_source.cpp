#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

#include "core/address.hpp"
#include "data/source.hpp"
#include "io/readers/s3_listing.hpp"
#include "tenon/error.hpp"

namespace tenon {
namespace readers {
namespace {

namespace fs = std::filesystem;

/// The images of one class, by name.
struct ClassFolder {
  std::string name;
  std::vector<std::string> files;
};

bool is_image_name(const fs::path& name) {
  constexpr std::array<std::string_view, 5> kEnds = {".jpg", ".jpeg", ".png", ".tif", ".tiff"};
  std::string end = name.extension().string();
  std::transform(end.begin(), end.end(), end.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return !name.filename().string().starts_with(".") &&
         std::find(kEnds.begin(), kEnds.end(), end) != kEnds.end();
}

/// The names in `folder` for which `keep` holds, in the order of their bytes.
template <class Keep>
std::vector<std::string> names_in(const fs::path& folder, Keep keep) {
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error) {
    throw_file_error(folder.string(),
                     fmt::format("the folder cannot be read: {}", error.message()));
  }
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : entries) {
    if (keep(entry)) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> class_names(const std::string& path, const FolderOptions& options) {
  if (!options.classes.empty()) return options.classes;
  return names_in(path, [](const fs::directory_entry& entry) {
    std::error_code ignored;
    return entry.is_directory(ignored) && !entry.path().filename().string().starts_with(".");
  });
}

std::vector<ClassFolder> local_classes(const std::string& path, const FolderOptions& options) {
  std::vector<ClassFolder> classes;
  for (std::string& name : class_names(path, options)) {
    std::vector<std::string> files =
        names_in(fs::path(path) / name, [](const fs::directory_entry& entry) {
          std::error_code ignored;
          return is_image_name(entry.path()) && entry.is_regular_file(ignored);
        });
    classes.push_back({std::move(name), std::move(files)});
  }
  return classes;
}

/// Of a list of all files below the folder: those with one slash in their names.
std::vector<ClassFolder> s3_classes(const std::string& address, const FolderOptions& options) {
  std::map<std::string, std::vector<std::string>> found;
  for (const std::string& name : list_s3(address)) {
    const std::size_t slash = name.find('/');
    if (slash == std::string::npos || slash == 0 || name.starts_with('.')) continue;
    std::vector<std::string>& files = found[name.substr(0, slash)];
    const std::string file = name.substr(slash + 1);
    if (file.find('/') == std::string::npos && is_image_name(file)) files.push_back(file);
  }
  std::vector<ClassFolder> classes;
  if (options.classes.empty()) {
    for (auto& [name, files] : found) classes.push_back({name, std::move(files)});
    return classes;
  }
  for (const std::string& name : options.classes) {
    const auto folder = found.find(name);
    if (folder == found.end()) {
      throw_file_error(path_below(address, name), "there is no such folder", "",
                       "check the address and the names of the classes");
    }
    classes.push_back({name, std::move(folder->second)});
  }
  return classes;
}

std::vector<ClassFolder> class_folders(const std::string& path, const FolderOptions& options) {
  std::vector<ClassFolder> classes =
      is_address(path) ? s3_classes(path, options) : local_classes(path, options);
  if (classes.empty())
    throw_file_error(path, "there are no folders in it", "a folder of images for each class");
  return classes;
}

/// Images below a folder, one folder a class.
class FolderSource : public data::Source {
 public:
  FolderSource(std::string path, const FolderOptions& options, SourceLocation location)
      : path_(std::move(path)), location_(location) {
    for (ClassFolder& folder : class_folders(path_, options)) {
      classes_.push_back(std::move(folder.name));
      std::move(folder.files.begin(), folder.files.end(), std::back_inserter(files_));
      ends_.push_back(static_cast<std::int64_t>(files_.size()));
    }
    if (files_.empty()) {
      throw_file_error(path_, "there are no images in its sub-folders", "JPEG, PNG or TIFF files");
    }
    TensorSpec label(DType::kInt64, {});
    label.range = ValueRange{0.0, static_cast<double>(classes_.size() - 1)};
    schema_ = std::make_shared<const Schema>(
        Schema{{"filename", TensorSpec(DType::kString, {}), Role::kData},
               {"label", std::move(label), Role::kData}});
  }

  StageReference reference() const override { return {-1, "folder", location_}; }
  std::shared_ptr<const Schema> schema() const override { return schema_; }
  Cardinality cardinality() const override {
    return {Cardinality::Kind::kKnown, static_cast<std::int64_t>(files_.size()), true};
  }
  std::string arguments() const override {
    return fmt::format("{} {}", path_, fmt::join(classes_, "/"));
  }
  /// By the names alone: images are told by caches, and by what they give.
  std::vector<data::FileContents> contents() const override {
    std::vector<data::FileContents> folders;
    std::int64_t begin = 0;
    for (std::size_t i = 0; i < classes_.size(); ++i) {
      data::FileContents folder{path_below(path_, classes_[i]), ends_[i] - begin, {}};
      for (; begin < ends_[i]; ++begin)
        folder.hash.add(std::string_view(files_[static_cast<std::size_t>(begin)]));
      folders.push_back(std::move(folder));
    }
    return folders;
  }
  std::string settings() const override { return fmt::format("{}", fmt::join(classes_, "/")); }
  bool known_by_record() const override { return true; }
  SampleIdentity identity(std::int64_t index) const override {
    const std::string file = file_of(index);
    return {index, fs::path(file).stem().string(), file, -1};
  }
  std::optional<std::vector<std::string>> texts(const std::string& key) const override {
    if (key != "filename") return std::nullopt;
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < cardinality().count; ++i) names.push_back(file_of(i));
    return names;
  }
  Record read(std::int64_t index) const override {
    return Record(schema_, {Tensor::scalar(file_of(index)), Tensor::scalar(class_of(index))},
                  {identity(index)});
  }

 private:
  std::int64_t class_of(std::int64_t index) const {
    return std::upper_bound(ends_.begin(), ends_.end(), index) - ends_.begin();
  }
  std::string file_of(std::int64_t index) const {
    const std::string& folder = classes_[static_cast<std::size_t>(class_of(index))];
    const std::string& file = files_[static_cast<std::size_t>(index)];
    if (is_address(path_)) return path_below(path_, folder + "/" + file);
    return (fs::path(path_) / folder / file).string();
  }

  std::string path_;
  SourceLocation location_;
  std::vector<std::string> classes_;
  std::vector<std::string> files_;  ///< Names, class after class.
  std::vector<std::int64_t> ends_;  ///< Of each class, the index behind its last file.
  std::shared_ptr<const Schema> schema_;
};

/// Names of sub-folders, so that a file's classes never lead out of the folder.
void check_classes(const FolderOptions& options) {
  for (std::size_t index = 0; index < options.classes.size(); ++index) {
    const std::string& name = options.classes[index];
    const bool plain =
        !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
    const auto end = options.classes.begin() + static_cast<std::ptrdiff_t>(index);
    if (!plain || std::find(options.classes.begin(), end, name) != end) {
      throw_argument_error("from_folder", fmt::format("class {}", quote_key(name)),
                           "names of sub-folders, each once");
    }
  }
}

}  // namespace
}  // namespace readers

Dataset Dataset::from_folder(const std::string& path, FolderOptions options, Here location) {
  readers::check_classes(options);
  if (is_address(path) && !path.starts_with("s3://")) {
    throw_file_error(path, "is an address, and servers of the web do not list their folders",
                     "a path, or s3://bucket/prefix",
                     "list the files' addresses in a CSV file, and use load_image");
  }
  return from_source(std::make_shared<readers::FolderSource>(path, options, location));
}

}  // namespace tenon
