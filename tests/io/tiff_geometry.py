"""Writes TIFF stacks with and without a geometry by Pillow: usage FOLDER."""

import pathlib
import sys

import numpy as np
from PIL import Image

FOLDER = pathlib.Path(sys.argv[1])
PAGES = [Image.fromarray(np.full((4, 5), i, np.uint16)) for i in range(3)]


def write(name, description, x=None, y=None, unit=1):
    tags = {270: description}
    if x:
        tags.update({282: x, 283: y, 296: unit})
    PAGES[0].save(FOLDER / f"{name}.tif", save_all=True, append_images=PAGES[1:], tiffinfo=tags)


IMAGEJ = "ImageJ=1.54f\nimages=3\nslices=3\n"
write("micron", IMAGEJ + "unit=micron\nspacing=2.5\nloop=false\n", 4.0, 2.0)
write("escaped", IMAGEJ + "spacing=-2.5\nunit=\\u00B5m\n", 4.0, 2.0)
write("mm", IMAGEJ + "unit=mm\nspacing=3\n", 2.0, 2.0)
write("inch", IMAGEJ + "spacing=0.1\n", 10.0, 20.0, 2)
write("cm", IMAGEJ + "spacing=0.1\n", 10.0, 20.0, 3)
write("no_spacing", IMAGEJ + "unit=mm\n", 2.0, 2.0)
write("no_unit", IMAGEJ + "spacing=3\n", 2.0, 2.0)
write("pixels", IMAGEJ + "unit=pixel\nspacing=3\n", 2.0, 2.0)
write("no_resolution", IMAGEJ + "unit=mm\nspacing=3\n")
write("nonsense", IMAGEJ + "unit=mm\nspacing=nan\n", 2.0, 2.0)
write("plain", "a scan", 72.0, 72.0, 2)


def ome(size="SizeZ='3' SizeC='1' SizeT='1'", x="PhysicalSizeX='0.5'", y="PhysicalSizeY='0.25'",
        z="PhysicalSizeZ='2.5'", more=""):
    return (f"<?xml version='1.0'?><!-- <Pixels SizeZ='9'/> --><OME><Image Name='a > b'>"
            f"<Pixels {size} {x} {y} {z}><TiffData/></Pixels></Image>{more}</OME>")


write("ome", ome())
write("ome_units", ome(x='PhysicalSizeX="500" PhysicalSizeXUnit="nm"',
                       y="PhysicalSizeY='0.25' PhysicalSizeYUnit='&#181;m'",
                       z="PhysicalSizeZ='0.0025'\n PhysicalSizeZUnit = 'mm'"))
write("ome_prefix", ome().replace("<OME", "<ome:OME").replace("<Pixels S", "<ome:Pixels S", 2))
write("ome_times", ome(size="SizeZ='1' SizeC='1' SizeT='3'"))
write("ome_channels", ome(size="SizeZ='1' SizeC='3' SizeT='1'"))
write("ome_two", ome(more="<Image><Pixels SizeZ='3' SizeT='1'/></Image>"))
write("ome_no_z", ome(z=""))
write("ome_pixel", ome(x="PhysicalSizeX='1' PhysicalSizeXUnit='pixel'"))
write("ome_cut", ome()[:60])
write("ome_nonsense", ome(x="PhysicalSizeX='wide'"))
