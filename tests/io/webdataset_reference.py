"""Writes tar files in WebDataset's layout by Python's tarfile: usage FOLDER FORMAT, FORMAT one of
ustar, gnu, pax. shard-00 to shard-02 with 5 samples each."""

import io
import pathlib
import sys
import tarfile

import numpy as np


def main():
    folder = pathlib.Path(sys.argv[1])
    form = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}[sys.argv[2]]
    # Names over 100 bytes need a prefix, a long-name member, or a pax header.
    deep = "d" * 60 + "/" + "e" * 60
    for shard in range(3):
        with tarfile.open(folder / f"shard-{shard:02d}.tar", "w", format=form) as archive:
            directory = tarfile.TarInfo(deep)
            directory.type = tarfile.DIRTYPE
            archive.addfile(directory)
            for number in range(5 * shard, 5 * shard + 5):
                array = io.BytesIO()
                np.save(array, np.arange(number + 1, dtype=np.float32))
                mask = io.BytesIO()
                np.save(mask, np.full((2, 3), number, dtype=np.int16))
                members = {"vector.npy": array.getvalue(), "mask.NPY": mask.getvalue(),
                           "cls": f" {number - 3}\n".encode(), "json": b'{"number": %d}' % number}
                if number == 4:
                    members["extra.txt"] = "näher".encode()
                for ending, data in members.items():
                    info = tarfile.TarInfo(f"{deep}/sample{number}.{ending}")
                    info.size = len(data)
                    archive.addfile(info, io.BytesIO(data))


main()
