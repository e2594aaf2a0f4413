#include "io/readers/registry.hpp"
#include <algorithm>

#include <fmt/format.h>

#include "core/address.hpp"
#include "core/word_error.hpp"
#include "data/arguments.hpp"
#include "io/readers/feature_text.hpp"
#include "io/readers/shards.hpp"
#include "tenon/error.hpp"

namespace tenon::readers {
namespace {

using data::ArgumentMap;
using data::Arguments;
using data::ArgumentType;

DType dtype_argument(std::string_view owner, std::string_view argument, const std::string& name) {
  if (const auto dtype = dtype_from_name(name)) return *dtype;
  std::vector<std::string> names;
  names.reserve(kDTypeCount);
  for (int i = 0; i < kDTypeCount; ++i) names.emplace_back(name_of(static_cast<DType>(i)));
  throw_word_error(std::string(owner), fmt::format("{} = ", argument), name, names);
}

int channels_argument(const Arguments& arguments) {
  const std::int64_t channels = arguments.integer("channels", 3);
  constexpr std::int64_t kMost = 1 << 20;  // What is out of range stays so, and is told as it is.
  return static_cast<int>(std::clamp(channels, -kMost, kMost));
}

std::vector<std::string> path_arguments(const Arguments& arguments, const std::string& folder) {
  std::vector<std::string> paths = arguments.text_or_texts("path");
  for (std::string& path : paths) path = path_below(folder, path);
  return paths;
}

/// True if `path` stands for several files; their names to the letter are no patterns.
bool several_files(const Arguments& arguments, const std::vector<std::string>& paths) {
  return !arguments.is_text("path") || paths.size() != 1 || is_pattern(paths.front());
}

std::string path_argument(const Arguments& arguments, const std::string& folder) {
  return path_below(folder, arguments.text("path"));
}

data::StageEntry load_image_entry() {
  return {"load_image",
          "the image in the file that a text key names, as (height, width, channels)",
          {{"from", ArgumentType::kText, true, "", "the key with the file's name"},
           {"to", ArgumentType::kText, true, "", "the key that the image gets"},
           {"root", ArgumentType::kText, false, "\"\"", "folder that relative names begin in"},
           {"channels", ArgumentType::kInteger, false, "3",
            "1 grey, 3 colour, 4 colour and alpha; 0: as in the file"},
           {"dtype", ArgumentType::kText, false, "\"uint8\"",
            "uint8, uint16, int16, int32, float32 or float64; 16-bit files do not go into uint8"},
           {"page", ArgumentType::kInteger, false, "0",
            "of a TIFF with several, from 0; load_volume reads them all"},
           {"at_least", ArgumentType::kIntegerList, false, "[0, 0]",
            "[height, width]: JPEGs are decoded at 1/8, 1/4 or 1/2 where that leaves this much; "
            "faster, and near what a resize of the whole image gives"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("load_image", given);
            LoadImageOptions options;
            options.root = arguments.text("root", "");
            options.channels = channels_argument(arguments);
            options.dtype = dtype_argument("load_image", "dtype", arguments.text("dtype", "uint8"));
            const std::int64_t page = arguments.integer("page", 0);
            options.page = page < 0 || page > 65534 ? -1 : static_cast<int>(page);
            options.at_least = arguments.size("at_least", {0, 0});
            return dataset.load_image(arguments.text("from"), arguments.text("to"), options,
                                      location);
          }};
}

data::StageEntry decode_image_entry() {
  return {"decode_image",
          "the image in a text key that holds the bytes of its file, as (height, width, channels)",
          {{"from", ArgumentType::kText, true, "", "the key with the file's bytes"},
           {"to", ArgumentType::kText, true, "", "the key that the image gets"},
           {"channels", ArgumentType::kInteger, false, "3", "as of load_image"},
           {"dtype", ArgumentType::kText, false, "\"uint8\"", "as of load_image"}},
          [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
            const Arguments arguments("decode_image", given);
            DecodeImageOptions options;
            options.channels = channels_argument(arguments);
            options.dtype =
                dtype_argument("decode_image", "dtype", arguments.text("dtype", "uint8"));
            return dataset.decode_image(arguments.text("from"), arguments.text("to"), options,
                                        location);
          }};
}

data::StageEntry load_volume_entry() {
  return {
      "load_volume",
      "reads NIfTI, DICOM, NRRD and MetaImage volumes, TIFFs of several pages, and folders with "
      "one "
      "DICOM series",
      {{"from", ArgumentType::kText, true, "", "the key of the path"},
       {"to", ArgumentType::kText, true, "", "the key for the volume"},
       {"root", ArgumentType::kText, false, "\"\"", "put before relative paths"},
       {"channels", ArgumentType::kInteger, false, "1",
        "of a voxel, points in time included; 0: as in the file"},
       {"dtype", ArgumentType::kText, false, "\"float32\"",
        "\"float32\", or for label maps \"uint8\", \"int8\", \"int16\", \"uint16\", \"int32\""},
       {"series", ArgumentType::kText, false, "\"\"",
        "of a folder with several series: the UID, or how it begins"}},
      [](const Dataset& dataset, const ArgumentMap& given, SourceLocation location) {
        const Arguments arguments("load_volume", given);
        LoadVolumeOptions options;
        options.root = arguments.text("root", "");
        options.channels = static_cast<int>(arguments.integer("channels", 1));
        options.dtype = dtype_argument("load_volume", "dtype", arguments.text("dtype", "float32"));
        options.series = arguments.text("series", "");
        return dataset.load_volume(arguments.text("from"), arguments.text("to"), options, location);
      }};
}

data::SourceEntry csv_entry() {
  return {"csv",
          "the rows of a CSV file; its columns become keys",
          {{"path", ArgumentType::kTextOrList, true, "",
            "the file; several with the same columns as a list, or as a pattern of tfrecord"},
           {"separator", ArgumentType::kText, false, "\",\"", "one character between cells"},
           {"types", ArgumentType::kTextMap, false, "{}",
            "dtypes of columns; the others are learnt from all rows"}},
          [](const ArgumentMap& given, const std::string& folder, SourceLocation location) {
            const Arguments arguments("csv", given);
            CsvOptions options;
            const std::string separator = arguments.text("separator", ",");
            if (separator.size() != 1) {
              throw_argument_error("csv", fmt::format("separator = {}", quote_key(separator)),
                                   "one character");
            }
            options.separator = separator[0];
            if (arguments.has("types")) {
              for (const auto& [column, name] : arguments.text_map("types")) {
                options.types.emplace_back(column, dtype_argument("csv", "types." + column, name));
              }
            }
            const std::vector<std::string> paths = path_arguments(arguments, folder);
            return several_files(arguments, paths)
                       ? Dataset::from_csv(paths, options, location)
                       : Dataset::from_csv(paths.front(), options, location);
          }};
}

data::SourceEntry npz_entry() {
  return {"npz",
          "the arrays of a .npz file, samples along axis 0",
          {{"path", ArgumentType::kTextOrList, true, "",
            "the file; several with the same arrays as a list, or as a pattern of tfrecord"},
           {"keys", ArgumentType::kTextList, false, "[]", "the arrays to read; empty: all"}},
          [](const ArgumentMap& given, const std::string& folder, SourceLocation location) {
            const Arguments arguments("npz", given);
            NpzOptions options;
            if (arguments.has("keys")) {
              options.keys = arguments.texts("keys");
            }
            const std::vector<std::string> paths = path_arguments(arguments, folder);
            return several_files(arguments, paths)
                       ? Dataset::from_npz(paths, options, location)
                       : Dataset::from_npz(paths.front(), options, location);
          }};
}

data::SourceEntry folder_entry() {
  return {"folder",
          "images below a folder, one sub-folder a class: keys filename and label",
          {{"path", ArgumentType::kText, true, "",
            "the folder above the classes; one in S3 as \"s3://bucket/prefix\""},
           {"classes", ArgumentType::kTextList, false, "[]",
            "sub-folders in the order of their ids; empty: all, by name"}},
          [](const ArgumentMap& given, const std::string& folder, SourceLocation location) {
            const Arguments arguments("folder", given);
            FolderOptions options;
            if (arguments.has("classes")) {
              options.classes = arguments.texts("classes");
            }
            return Dataset::from_folder(path_argument(arguments, folder), options, location);
          }};
}

data::SourceEntry tfrecord_entry() {
  return {
      "tfrecord",
      "the records of TFRecord files (tf.train.Example); their features become keys",
      {{"path", ArgumentType::kTextOrList, true, "",
        "the files; `{000..007}`, `{a,b}` and `*` stand for several"},
       {"features", ArgumentType::kTextMap, false, "{}",
        "what is read, by name: \"int64\", \"float32[128]\", \"string\", \"int64[?]\"; the memory "
        "of numbers in bytes: \"uint8[28, 28]\"; empty: learnt from the first 32 records"}},
      [](const ArgumentMap& given, const std::string& folder, SourceLocation location) {
        const Arguments arguments("tfrecord", given);
        TfRecordOptions options;
        if (arguments.has("features")) {
          for (const auto& [key, text] : arguments.text_map("features"))
            options.features.emplace_back(key, spec_of_text("tfrecord", "features." + key, text));
        }
        return Dataset::from_tfrecord(path_arguments(arguments, folder), options, location);
      }};
}

data::SourceEntry webdataset_entry() {
  return {
      "webdataset",
      "the samples in tar files as WebDataset lays them out: NAME.jpg, NAME.cls",
      {{"path", ArgumentType::kTextOrList, true, "",
        "the files; `{000..007}`, `{a,b}` and `*` stand for several"},
       {"keys", ArgumentType::kTextMap, false, "{}",
        "the keys and the endings of their files: { image = \"jpg;png\", label = \"cls\" }; empty: "
        "those that half of the samples have"},
       {"channels", ArgumentType::kInteger, false, "3", "of images, as of load_image"},
       {"dtype", ArgumentType::kText, false, "\"uint8\"", "of images, as of load_image"}},
      [](const ArgumentMap& given, const std::string& folder, SourceLocation location) {
        const Arguments arguments("webdataset", given);
        WebDatasetOptions options;
        if (arguments.has("keys")) options.keys = arguments.text_map("keys");
        options.channels = channels_argument(arguments);
        options.dtype = dtype_argument("webdataset", "dtype", arguments.text("dtype", "uint8"));
        return Dataset::from_webdataset(path_arguments(arguments, folder), options, location);
      }};
}

}  // namespace

const std::vector<data::StageEntry>& stage_entries() {
  static const std::vector<data::StageEntry> entries = {load_image_entry(), load_volume_entry(),
                                                        decode_image_entry()};
  return entries;
}

const std::vector<data::SourceEntry>& source_entries() {
  static const std::vector<data::SourceEntry> entries = {csv_entry(), npz_entry(), folder_entry(),
                                                         tfrecord_entry(), webdataset_entry()};
  return entries;
}

}  // namespace tenon::readers
