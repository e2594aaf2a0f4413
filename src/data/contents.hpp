#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/content_hash.hpp"

namespace tenon::data {

/// What a source found in one of its files, or folders, when it was opened. The name is for people:
/// a copy elsewhere is as good.
struct FileContents {
  std::string name;          ///< Path or address.
  std::int64_t samples = 0;  ///< Rows of a table, records, files of a folder.
  ListHash hash;             ///< Of the samples, as far as opening the source has shown them.
};

/// A text each, for states that are saved; of very many files one text for all.
std::vector<std::string> contents_texts(const std::vector<FileContents>& files);

/// What has changed between the texts that were saved and those of now, a sentence each, of the
/// first few files; empty where the same samples come in the same order.
std::vector<std::string> contents_differences(std::span<const std::string> saved,
                                              std::span<const std::string> now);

/// Without folders, so that texts of several machines can be compared.
std::string contents_without_folder(const std::string& text);

}  // namespace tenon::data
