#include "io/readers/member_value.hpp"
#include "memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tenon::fuzz::allow_errors([&] {
    tenon::readers::member_value(tenon::readers::MemberKind::kArray,
                                 std::string(reinterpret_cast<const char*>(data), size), {},
                                 "fuzz");
  });
  return 0;
}
