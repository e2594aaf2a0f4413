#pragma once

#include <string>

namespace tenon::readers {

/// Holds the folder of a DICOM series to what its reader takes silently: it would leave out files
/// that it cannot read, and end its list of files at a link to nothing or at a socket. Of DICOM
/// files the elements are looked at. Throws FormatError (F001) that names the file.
void check_series_folder(const std::string& path);

}  // namespace tenon::readers
