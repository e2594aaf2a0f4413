"""Writes a series of DICOM files as pydicom does: dicom_series.py FOLDER OUT.npz [MISSING].

Eight slices of 5 x 7 pixels, 2.5 mm apart and tilted, under names that are in no order of place;
slice MISSING, counted from the feet, is left out. OUT.npz: "values" (depth, height, width, channels)
float64 after slope and intercept, "affine" (4, 4) from (x, y, z) indices to millimetres, LPS.
Exit status 3: a package is missing.
"""
import os
import sys

try:
    import numpy
    import pydicom
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
except ImportError as error:
    print(error)
    sys.exit(3)

SLICES, ROWS, COLUMNS = 8, 5, 7
ROW_SPACING, COLUMN_SPACING, DISTANCE = 0.8, 0.6, 2.5


def main():
    folder, out = sys.argv[1:3]
    missing = int(sys.argv[3]) if len(sys.argv) > 3 else -1
    angle = numpy.deg2rad(12.0)
    along_row = numpy.array([1.0, 0.0, 0.0])
    along_column = numpy.array([0.0, numpy.cos(angle), numpy.sin(angle)])
    upwards = numpy.cross(along_row, along_column)
    first = numpy.array([-20.0, -35.5, 110.25])
    rng = numpy.random.default_rng(3)
    stored = rng.integers(-800, 1200, (SLICES, ROWS, COLUMNS)).astype(numpy.int16)
    series, study, frame = generate_uid(), generate_uid(), generate_uid()
    names = rng.permutation(SLICES)
    for k in range(SLICES):
        if k == missing:
            continue
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = generate_uid()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        path = os.path.join(folder, f"image{names[k]:03d}.dcm")
        data = FileDataset(path, {}, file_meta=meta, preamble=b"\0" * 128)
        data.is_little_endian, data.is_implicit_VR = True, False
        data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
        data.PatientName, data.PatientID, data.Modality = "Series^Small", "1", "CT"
        data.SeriesInstanceUID, data.StudyInstanceUID = series, study
        data.FrameOfReferenceUID = frame
        data.InstanceNumber = int(SLICES - k)
        data.ImageOrientationPatient = [f"{v:.10g}" for v in (*along_row, *along_column)]
        data.ImagePositionPatient = [f"{v:.10g}" for v in first + k * DISTANCE * upwards]
        data.PixelSpacing = [ROW_SPACING, COLUMN_SPACING]
        data.SliceThickness = DISTANCE
        data.Rows, data.Columns, data.SamplesPerPixel = ROWS, COLUMNS, 1
        data.PhotometricInterpretation = "MONOCHROME2"
        data.BitsAllocated, data.BitsStored, data.HighBit = 16, 16, 15
        data.PixelRepresentation = 1
        data.RescaleSlope, data.RescaleIntercept = 2, -1024
        data.PixelData = stored[k].tobytes()
        data.save_as(path, write_like_original=False)
    affine = numpy.eye(4)
    affine[:3, 0] = along_row * COLUMN_SPACING
    affine[:3, 1] = along_column * ROW_SPACING
    affine[:3, 2] = upwards * DISTANCE
    affine[:3, 3] = first
    numpy.savez(out, values=stored[..., None] * 2.0 - 1024.0, affine=affine)


main()
