#pragma once

#include <cstdint>
#include <optional>

#include "io/readers/tiff_file.hpp"
#include "tenon/geometry.hpp"

namespace tenon::readers {

/// How far apart the pixels of a page and the pages of a volume are, as ImageJ states it: pixels
/// per unit in XResolution and YResolution, the unit and the distance of pages in the first page's
/// ImageDescription. Nothing where one of the three, or the unit, is not stated: TIFF itself knows
/// no distance of pages. Of an OME-TIFF: PhysicalSizeX, -Y and -Z with their units, where its one
/// image has SizeZ = `pages` and SizeT = 1. Origin and direction are those of no patient: 0, and
/// along the axes.
std::optional<Geometry> tiff_geometry(const TiffFile& first_page, std::int64_t pages);

}  // namespace tenon::readers
