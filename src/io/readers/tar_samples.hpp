#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "io/readers/tar_index.hpp"

namespace tenon::readers {

/// The samples of tar files: members that follow each other with one name up to the first dot
/// behind the last slash. What follows that dot, in lower case, is the member's ending.
class TarSamples {
 public:
  struct Member {
    std::uint64_t begin = 0;
    std::uint64_t size = 0;
    std::uint32_t ending = 0;
  };

  /// Joins the members of one file; members without a dot, or with nothing before it, are none.
  void add(const TarIndex& index);

  std::size_t count() const noexcept { return names_.size(); }
  const std::string& name(std::size_t sample) const { return names_[sample]; }
  std::size_t first_member(std::size_t sample) const { return first_members_[sample]; }
  std::size_t end_member(std::size_t sample) const {
    return sample + 1 < first_members_.size() ? first_members_[sample + 1] : members_.size();
  }
  const Member& member(std::size_t index) const { return members_[index]; }
  /// By their number, and how many samples have each.
  const std::vector<std::string>& endings() const noexcept { return endings_; }
  const std::vector<std::size_t>& ending_counts() const noexcept { return ending_counts_; }

 private:
  std::uint32_t ending_number(const std::string& ending);

  std::vector<std::string> names_;
  std::vector<std::size_t> first_members_;
  std::vector<Member> members_;
  std::vector<std::string> endings_;
  std::vector<std::size_t> ending_counts_;
  std::map<std::string, std::uint32_t> ending_numbers_;
};

}  // namespace tenon::readers
