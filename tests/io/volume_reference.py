"""Reads volumes as nibabel and pydicom do, for comparison: volume_reference.py OUT.npz FILE.

OUT.npz: "values" (depth, height, width, channels) float64 with the stored slope and intercept, and
"affine" (4, 4), from (x, y, z) indices to millimetres, LPS; zeros where the file states none.
Exit status 3: a package is missing.
"""
import sys

try:
    import nibabel
    import numpy
    import pydicom
    from pydicom.pixel_data_handlers.util import convert_color_space
except ImportError as error:
    print(error)
    sys.exit(3)


def nifti(path):
    image = nibabel.load(path)
    values = numpy.asanyarray(image.dataobj).astype(numpy.float64)
    while values.ndim < 4:
        values = values[..., numpy.newaxis]
    affine = numpy.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine
    return values.transpose(2, 1, 0, 3), affine


def dicom(path):
    data = pydicom.dcmread(path, force=True)
    if "TransferSyntaxUID" not in data.file_meta:
        data.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    values = data.pixel_array
    if str(data.get("PhotometricInterpretation", "")).startswith("YBR"):
        values = convert_color_space(values, data.PhotometricInterpretation, "RGB")
    values = values.astype(numpy.float64)
    frames = int(data.get("NumberOfFrames", 1))
    samples = int(data.get("SamplesPerPixel", 1))
    values = values.reshape(frames, data.Rows, data.Columns, samples)
    values = values * float(data.get("RescaleSlope", 1)) + float(data.get("RescaleIntercept", 0))
    affine = numpy.zeros((4, 4))
    if "ImageOrientationPatient" in data and frames == 1:
        along = numpy.array([float(v) for v in data.ImageOrientationPatient]).reshape(2, 3)
        rows, columns = (float(v) for v in data.PixelSpacing)
        affine[:3, 0] = along[0] * columns
        affine[:3, 1] = along[1] * rows
        affine[:3, 3] = [float(v) for v in data.ImagePositionPatient]
        affine[3, 3] = 1.0
    return values, affine


def main():
    out, path = sys.argv[1:]
    values, affine = dicom(path) if path.endswith(".dcm") else nifti(path)
    numpy.savez(out, values=values, affine=affine)


main()
