#include "io/readers/tar_samples.hpp"

namespace tenon::readers {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

}  // namespace

std::uint32_t TarSamples::ending_number(const std::string& ending) {
  const auto [found, is_new] =
      ending_numbers_.emplace(ending, static_cast<std::uint32_t>(endings_.size()));
  if (is_new) {
    endings_.push_back(ending);
    ending_counts_.push_back(0);
  }
  return found->second;
}

void TarSamples::add(const TarIndex& index) {
  const std::size_t first_of_file = names_.size();
  for (const TarMember& member : index.members) {
    const std::string_view name = member.name;
    const std::size_t base = name.rfind('/') + 1;  // npos + 1 is 0.
    const std::size_t dot = name.find('.', base);
    if (dot == std::string_view::npos || dot == base) continue;
    const std::string_view sample = name.substr(0, dot);
    if (names_.size() == first_of_file || names_.back() != sample) {
      names_.emplace_back(sample);
      first_members_.push_back(members_.size());
    }
    const std::uint32_t ending = ending_number(lower(name.substr(dot + 1)));
    ++ending_counts_[ending];
    members_.push_back({member.begin, member.size, ending});
  }
}

}  // namespace tenon::readers
