#include "io/readers/tf_example.hpp"
#include "memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  tenon::fuzz::allow_errors([&] {
    for (const auto& [name, value] : tenon::readers::list_features(bytes, "fuzz")) {
      const tenon::readers::Feature feature = tenon::readers::parse_feature(value, "fuzz");
      for (int dtype = 0; dtype < tenon::kDTypeCount; ++dtype) {
        for (const tenon::Dim& dim : {tenon::Dim::unknown(), tenon::Dim(2)}) {
          const tenon::TensorSpec spec(static_cast<tenon::DType>(dtype), {dim, 1});
          tenon::fuzz::allow_errors([&] { tenon::readers::feature_tensor(feature, spec, "fuzz"); });
        }
      }
    }
  });
  return 0;
}
