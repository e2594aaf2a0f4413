#pragma once

#include <string>
#include <string_view>

namespace tenon::readers {

/// By its first 132 bytes: a DICOM file, or one that lost its preamble and its mark.
bool looks_like_dicom(std::string_view start);

/// Looks at the elements of a DICOM file one after another, those inside of sequences as well, for
/// values, pixels above all, that are shorter than they say. What it cannot follow (other orders of
/// bytes, packed elements) is left to the reader. Throws FormatError (F001).
void check_dicom_elements(const std::string& path);

}  // namespace tenon::readers
