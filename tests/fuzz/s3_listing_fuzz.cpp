#include "io/readers/s3_listing.hpp"
#include "io/readers/xml_text.hpp"
#include "memory_file.hpp"

/// An answer of a server's list, and the description of an OME-TIFF: what is read of XML.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string xml(reinterpret_cast<const char*>(data), size);
  tenon::fuzz::allow_errors([&] { tenon::readers::read_s3_page(xml, "s3://fuzz"); });
  for (const auto& tag :
       {tenon::readers::first_tag(xml, "Pixels"), tenon::readers::second_tag(xml, "Pixels")}) {
    if (!tag) continue;
    tenon::readers::attribute_of(*tag, "SizeZ");
    tenon::readers::attribute_of(*tag, "PhysicalSizeXUnit");
  }
  return 0;
}
