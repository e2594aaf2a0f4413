// The pass huge_pages: what the system is asked for, and what it gives.
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "onednn_compare.hpp"

namespace tenon::backend {
namespace {

constexpr std::uint64_t kHugePage = std::uint64_t{2} << 20U;

/// What /proc/self/smaps tells of the mapping that holds an address.
struct Mapping {
  bool asked = false;         ///< "hg" among its VmFlags: madvise(MADV_HUGEPAGE).
  std::uint64_t huge_kb = 0;  ///< In pages of 2 MiB.
};

std::optional<Mapping> mapping_of(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream maps("/proc/self/smaps");
  std::string line;
  std::optional<Mapping> found;
  while (std::getline(maps, line)) {
    std::istringstream words(line);
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    char dash = 0;
    if (words >> std::hex >> begin >> dash >> end && dash == '-') {
      if (found) return found;
      if (begin <= wanted && wanted < end) found.emplace();
    } else if (found && line.starts_with("AnonHugePages:")) {
      std::istringstream(line.substr(14)) >> found->huge_kb;
    } else if (found && line.starts_with("VmFlags:")) {
      found->asked = (line + " ").find(" hg ") != std::string::npos;
    }
  }
  return found;
}

/// [always] madvise never -> "always"; empty where the system has no such pages.
std::string policy_of_the_system() {
  std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string text;
  std::getline(file, text);
  const auto begin = text.find('[');
  const auto end = text.find(']');
  return begin == std::string::npos ? "" : text.substr(begin + 1, end - begin - 1);
}

class OnednnHugePages : public cases::OnednnTest {
 protected:
  /// A plan whose output takes 64 MiB of its arena, so much that the allocator always takes it from
  /// the system anew, and where that lies in the middle.
  Mapping mapping(const std::vector<std::string>& without) {
    ops::Program program;
    ops::Builder builder(program);
    const Shape shape{16, 1 << 20};
    const ops::ValueId x = builder.input("x", DType::kFloat32, shape);
    builder.output("y", builder.apply(ops::OpKind::kAdd, ops::NoAttributes{}, {x, x}, "twice"));
    const auto plan = onednn_engine().compile(program, nullptr, {.without_passes = without});
    const Tensor input(DType::kFloat32, shape);
    plan->bind_input(0, input);
    plan->run({});
    const Tensor output = plan->output(0);
    const auto found = mapping_of(output.bytes() + output.byte_size() / 2);
    EXPECT_TRUE(found.has_value()) << "/proc/self/smaps tells nothing of the arena";
    return found.value_or(Mapping{});
  }
};

TEST_F(OnednnHugePages, AreAskedForByThePassAlone) {
  const std::string policy = policy_of_the_system();
  if (policy.empty()) GTEST_SKIP() << "skipped: the system has no transparent huge pages";
  EXPECT_FALSE(mapping({"huge_pages"}).asked);
  EXPECT_TRUE(mapping({}).asked);
}

TEST_F(OnednnHugePages, AreGivenWhereTheSystemGivesThemToThoseThatAsk) {
  const std::string policy = policy_of_the_system();
  if (policy != "madvise") {
    GTEST_SKIP() << "skipped: transparent huge pages are \"" << policy << "\", not \"madvise\"";
  }
  EXPECT_EQ(mapping({"huge_pages"}).huge_kb, 0U);
  const Mapping given = mapping({});
  if (given.huge_kb == 0) GTEST_SKIP() << "skipped: the system has none to give";
  EXPECT_GE(given.huge_kb * 1024, 4 * kHugePage);
}

}  // namespace
}  // namespace tenon::backend
