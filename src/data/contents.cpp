#include "data/contents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

namespace tenon::data {
namespace {

/// More files than that are told by one text: a state is saved often.
constexpr std::size_t kMostFiles = 64;
constexpr std::size_t kMostTold = 5;
constexpr std::string_view kManyFiles = " files from ";

/// A text, "SAMPLES ORDERED UNORDERED NAME", taken apart.
struct Entry {
  std::int64_t samples = 0;
  std::string ordered;
  std::string unordered;
  std::string name;

  bool same_samples(const Entry& other) const {
    return samples == other.samples && ordered == other.ordered;
  }
};

Entry entry_of(const std::string& text) {
  Entry entry;
  std::string_view rest = text;
  const auto word = [&rest] {
    const std::size_t blank = std::min(rest.find(' '), rest.size());
    const std::string_view first = rest.substr(0, blank);
    rest.remove_prefix(std::min(blank + 1, rest.size()));
    return first;
  };
  const std::string_view samples = word();
  std::from_chars(samples.data(), samples.data() + samples.size(), entry.samples);
  entry.ordered = word();
  entry.unordered = word();
  entry.name = rest;
  return entry;
}

std::vector<Entry> entries_of(std::span<const std::string> texts) {
  std::vector<Entry> entries;
  entries.reserve(texts.size());
  for (const std::string& text : texts) entries.push_back(entry_of(text));
  return entries;
}

std::string_view last_name(std::string_view path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string change_of(const Entry& was, const Entry& is) {
  const std::string name = last_name(was.name) == last_name(is.name)
                               ? is.name
                               : fmt::format("{} (it was {})", is.name, was.name);
  if (was.samples != is.samples)
    return fmt::format("{}: it had {} samples, and has {} now", name, was.samples, is.samples);
  if (was.unordered == is.unordered)
    return fmt::format("{}: its {} samples stand in another order", name, is.samples);
  return fmt::format("{}: it has {} samples as before, but not the same ones", name, is.samples);
}

/// True of what stands for very many files.
bool is_sum(const std::vector<Entry>& entries) {
  return entries.size() == 1 && entries.front().name.find(kManyFiles) != std::string::npos;
}

std::string total_of(const std::vector<Entry>& entries) {
  if (is_sum(entries)) return fmt::format("{} ({} samples)", entries[0].name, entries[0].samples);
  std::int64_t samples = 0;
  for (const Entry& entry : entries) samples += entry.samples;
  return fmt::format("{}{}{} ({} samples)", entries.size(), kManyFiles,
                     entries.empty() ? "" : entries.front().name, samples);
}

/// For each entry of `now` the one of `then` that has its name, folders aside.
std::vector<std::optional<std::size_t>> partners(const std::vector<Entry>& then,
                                                 const std::vector<Entry>& now) {
  std::map<std::string_view, std::vector<std::size_t>> by_name;
  for (std::size_t i = then.size(); i-- > 0;) by_name[last_name(then[i].name)].push_back(i);
  std::vector<std::optional<std::size_t>> found(now.size());
  for (std::size_t i = 0; i < now.size(); ++i) {
    auto& left = by_name[last_name(now[i].name)];
    if (left.empty()) continue;
    found[i] = left.back();
    left.pop_back();
  }
  const bool none = std::none_of(found.begin(), found.end(), [](const auto& each) { return each; });
  if (none && then.size() == now.size()) {
    for (std::size_t i = 0; i < now.size(); ++i) found[i] = i;
  }
  return found;
}

std::vector<std::string> changes(const std::vector<Entry>& then, const std::vector<Entry>& now) {
  if (is_sum(then) != is_sum(now))
    return {fmt::format("the files were {}, and are {}", total_of(then), total_of(now))};
  const auto partner = partners(then, now);
  std::vector<std::string> told;
  std::vector<bool> met(then.size(), false);
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (!partner[i]) {
      told.push_back(fmt::format("{} was not among the files", now[i].name));
      continue;
    }
    met[*partner[i]] = true;
    const Entry& was = then[*partner[i]];
    if (!was.same_samples(now[i])) told.push_back(change_of(was, now[i]));
  }
  for (std::size_t i = 0; i < then.size(); ++i) {
    if (!met[i]) told.push_back(fmt::format("{} is no longer among the files", then[i].name));
  }
  if (!told.empty()) return told;
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (partner[i] != i)
      return {fmt::format("the files stand in another order: {} is number {}, and was number {}",
                          now[i].name, i + 1, *partner[i] + 1)};
  }
  return told;
}

}  // namespace

std::vector<std::string> contents_texts(const std::vector<FileContents>& files) {
  const auto text = [](std::int64_t samples, const ListHash& hash, const std::string& name) {
    return fmt::format("{} {:016x} {:016x} {}", samples, hash.ordered(), hash.unordered(), name);
  };
  std::vector<std::string> texts;
  if (files.size() <= kMostFiles) {
    for (const FileContents& file : files)
      texts.push_back(text(file.samples, file.hash, file.name));
    return texts;
  }
  ListHash all;
  std::int64_t samples = 0;
  for (const FileContents& file : files) {
    all.add(file.hash.ordered());
    samples += file.samples;
  }
  texts.push_back(
      text(samples, all, fmt::format("{}{}{}", files.size(), kManyFiles, files.front().name)));
  return texts;
}

std::vector<std::string> contents_differences(std::span<const std::string> saved,
                                              std::span<const std::string> now) {
  const std::vector<Entry> then = entries_of(saved);
  const std::vector<Entry> here = entries_of(now);
  if (std::equal(then.begin(), then.end(), here.begin(), here.end(),
                 [](const Entry& a, const Entry& b) { return a.same_samples(b); }))
    return {};
  std::vector<std::string> told = changes(then, here);
  if (told.size() <= kMostTold) return told;
  const std::size_t more = told.size() - kMostTold;
  told.resize(kMostTold);
  told.push_back(fmt::format("… and {} more", more));
  return told;
}

std::string contents_without_folder(const std::string& text) {
  const Entry entry = entry_of(text);
  return fmt::format("{}: {} samples, {}", last_name(entry.name), entry.samples, entry.ordered);
}

}  // namespace tenon::data
