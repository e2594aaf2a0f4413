#include "io/readers/tiff_geometry.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "io/readers/xml_text.hpp"

namespace tenon::readers {
namespace {

/// Within so much of an OME-TIFF's description its root element begins.
constexpr std::size_t kMostBeforeOme = 4096;

/// The value of a line "name=value" of `description`; empty if there is none.
std::string_view stated_as(std::string_view description, std::string_view name) {
  while (!description.empty()) {
    std::string_view line = description.substr(0, description.find('\n'));
    description.remove_prefix(std::min(line.size() + 1, description.size()));
    while (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == '=')
      return line.substr(name.size() + 1);
  }
  return {};
}

/// Millimetres in a unit as ImageJ and OME write it.
std::optional<double> millimetres(std::string_view unit) {
  constexpr std::array<std::pair<std::string_view, double>, 21> kUnits = {
      {{"mm", 1.0},          {"millimeter", 1.0},  {"millimeters", 1.0},
       {"cm", 10.0},         {"centimeter", 10.0}, {"centimeters", 10.0},
       {"inch", 25.4},       {"inches", 25.4},     {"in", 25.4},
       {"um", 1e-3},         {"\u00B5m", 1e-3},    {"\u03BCm", 1e-3},
       {"\\u00B5m", 1e-3},   {"micron", 1e-3},     {"microns", 1e-3},
       {"micrometer", 1e-3}, {"nm", 1e-6},         {"\u00C5", 1e-7},
       {"pm", 1e-9},         {"nanometer", 1e-6},  {"m", 1e3}}};
  const auto* const found = std::find_if(kUnits.begin(), kUnits.end(),
                                         [&](const auto& each) { return each.first == unit; });
  if (found == kUnits.end()) return std::nullopt;
  return found->second;
}

std::optional<double> decimal_of(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The unit of the resolutions, of the tag or of the description.
std::optional<double> unit_of(const TiffFile& page, std::string_view description) {
  const auto stated = page.tag<uint16_t>(TIFFTAG_RESOLUTIONUNIT, RESUNIT_NONE);
  if (const auto unit = stated_as(description, "unit"); !unit.empty()) return millimetres(unit);
  if (stated == RESUNIT_CENTIMETER) return 10.0;
  if (stated == RESUNIT_INCH) return 25.4;
  return std::nullopt;
}

/// A distance between voxels of something that is looked at.
bool is_plausible(double spacing) {
  return std::isfinite(spacing) && spacing > 1e-9 && spacing < 1e6;
}

std::optional<Geometry> plausible(const Geometry& geometry) {
  const bool all = std::all_of(geometry.spacing.begin(), geometry.spacing.end(), is_plausible);
  return all ? std::optional(geometry) : std::nullopt;
}

/// Of a stack that ImageJ wrote.
std::optional<Geometry> imagej_geometry(const TiffFile& page, std::string_view description) {
  float per_unit_x = 0.0F;
  float per_unit_y = 0.0F;
  const bool stated = TIFFGetField(page.handle(), TIFFTAG_XRESOLUTION, &per_unit_x) == 1 &&
                      TIFFGetField(page.handle(), TIFFTAG_YRESOLUTION, &per_unit_y) == 1;
  const auto unit = unit_of(page, description);
  const auto pages = decimal_of(stated_as(description, "spacing"));
  if (!stated || !unit || !pages) return std::nullopt;
  Geometry geometry;
  // ImageJ writes a distance below 0 for a stack from the top.
  geometry.spacing = {std::abs(*pages) * *unit, *unit / static_cast<double>(per_unit_y),
                      *unit / static_cast<double>(per_unit_x)};
  return plausible(geometry);
}

/// Of an OME-TIFF of one image whose pages are its slices. Pages that are channels or points in
/// time lie at no distance from each other.
std::optional<Geometry> ome_geometry(std::string_view xml, std::int64_t pages) {
  const auto pixels = first_tag(xml, "Pixels");
  if (!pixels || second_tag(xml, "Pixels")) return std::nullopt;
  if (attribute_of(*pixels, "SizeZ") != std::to_string(pages) ||
      attribute_of(*pixels, "SizeT") != "1")
    return std::nullopt;
  Geometry geometry;
  constexpr std::array<const char*, 3> kAxes{"PhysicalSizeZ", "PhysicalSizeY", "PhysicalSizeX"};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto size = attribute_of(*pixels, kAxes[axis]);
    const auto unit = attribute_of(*pixels, kAxes[axis] + std::string("Unit"));
    const auto distance = decimal_of(size.value_or(""));
    const auto factor = millimetres(unit.value_or("um"));
    if (!distance || !factor) return std::nullopt;
    geometry.spacing[axis] = *distance * *factor;
  }
  return plausible(geometry);
}

}  // namespace

std::optional<Geometry> tiff_geometry(const TiffFile& first_page, std::int64_t pages) {
  char* text = nullptr;
  if (TIFFGetField(first_page.handle(), TIFFTAG_IMAGEDESCRIPTION, &text) != 1 || text == nullptr)
    return std::nullopt;
  const std::string_view description = text;
  if (description.starts_with("ImageJ=")) return imagej_geometry(first_page, description);
  const std::string_view start = description.substr(0, kMostBeforeOme);
  if (start.starts_with('<') && start.find("OME") != std::string_view::npos)
    return ome_geometry(description, pages);
  return std::nullopt;
}

}  // namespace tenon::readers
