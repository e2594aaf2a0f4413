"""Writes a tiny volume in each kind of file: usage FOLDER. Prints nothing."""

import gzip
import pathlib
import sys

import nibabel
import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

FOLDER = pathlib.Path(sys.argv[1])
VOXELS = np.arange(3 * 4 * 5, dtype=np.int16).reshape(3, 4, 5)


def write_dicom():
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(str(FOLDER / "a.dcm"), {}, file_meta=meta, preamble=b"\0" * 128)
    data.is_little_endian, data.is_implicit_VR = True, False
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.Modality, data.PatientName, data.PatientID = "MR", "a", "1"
    data.StudyInstanceUID, data.SeriesInstanceUID = generate_uid(), generate_uid()
    data.Rows, data.Columns, data.SamplesPerPixel = 4, 5, 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    data.PixelSpacing, data.ImagePositionPatient = [1, 1], [0, 0, 0]
    data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    data.PixelData = VOXELS[0].tobytes()
    data.save_as(FOLDER / "a.dcm")


def main():
    image = nibabel.Nifti1Image(VOXELS.transpose(2, 1, 0), np.eye(4))
    nibabel.save(image, FOLDER / "a.nii")
    (FOLDER / "a.nii.gz").write_bytes(gzip.compress((FOLDER / "a.nii").read_bytes()))
    nrrd = ("NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 5 4 3\n"
            "space directions: (1,0,0) (0,1,0) (0,0,1)\nkinds: domain domain domain\nendian: little\n"
            "encoding: raw\nspace origin: (0,0,0)\n\n")
    (FOLDER / "a.nrrd").write_bytes(nrrd.encode() + VOXELS.tobytes())
    mha = ("ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
           "CompressedData = False\nTransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 0 0 0\n"
           "ElementSpacing = 1 1 1\nDimSize = 5 4 3\nElementType = MET_SHORT\nElementDataFile = LOCAL\n")
    (FOLDER / "a.mha").write_bytes(mha.encode() + VOXELS.tobytes())
    write_dicom()


main()
