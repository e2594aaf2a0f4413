#include "io/readers/member_value.hpp"
#include "io/readers/tar_samples.hpp"
#include "memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const tenon::fuzz::MemoryFile memory(data, size);
  tenon::fuzz::allow_errors([&] {
    const auto file = tenon::readers::open_file(memory.path());
    tenon::readers::TarSamples samples;
    samples.add(tenon::readers::index_tar(*file));
    for (std::size_t sample = 0; sample < samples.count(); ++sample) {
      for (std::size_t at = samples.first_member(sample); at < samples.end_member(sample); ++at) {
        const tenon::readers::TarSamples::Member& member = samples.member(at);
        const auto kind = tenon::readers::member_kind(samples.endings()[member.ending]);
        // Pictures have targets of their own.
        if (kind == tenon::readers::MemberKind::kImage) continue;
        tenon::fuzz::allow_errors([&] {
          tenon::readers::member_value(kind, file->read(member.begin, member.begin + member.size),
                                       {}, "fuzz");
        });
      }
    }
  });
  return 0;
}
