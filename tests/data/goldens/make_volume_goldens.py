"""Writes volume.npz: what scipy.ndimage and NumPy make of one small volume (Debian's python3-scipy).

Run in this folder. Coordinates are (depth, height, width); `matrix` and `offset` lead from an index of
the result to one of the source.
"""
import numpy
from scipy import ndimage

rng = numpy.random.default_rng(5)
volume = rng.uniform(-1.0, 1.0, (6, 7, 5)).astype(numpy.float32)
matrix = numpy.array([[0.8, 0.3, -0.1], [-0.2, 0.9, 0.25], [0.15, -0.1, 1.1]])
offset = numpy.array([0.7, -0.4, 0.2])
size = (5, 8, 6)
goldens = {"volume": volume, "matrix": matrix, "offset": offset}

affine = dict(matrix=matrix, offset=offset, output_shape=size)
goldens["affine_border"] = ndimage.affine_transform(volume, order=1, mode="nearest", **affine)
goldens["affine_constant"] = ndimage.affine_transform(
    volume, order=1, mode="grid-constant", cval=0.25, **affine)
goldens["affine_nearest"] = ndimage.affine_transform(volume, order=0, mode="nearest", **affine)

scale = numpy.array([1.4, 0.6, 0.85])
goldens["scale"] = scale
goldens["scaled"] = ndimage.affine_transform(
    volume, scale, output_shape=(4, 11, 6), order=1, mode="nearest")

nodes = rng.normal(0.0, 0.8, (3, 2, 4, 3)).astype(numpy.float32)
goldens["nodes"] = nodes
index = numpy.stack(numpy.meshgrid(*[numpy.arange(n) for n in volume.shape], indexing="ij"))
places = [index[a] * (nodes.shape[a] - 1) / (volume.shape[a] - 1) for a in range(3)]
shift = numpy.stack([
    ndimage.map_coordinates(nodes[..., a].astype(float), places, order=1, mode="nearest")
    for a in range(3)])
goldens["bent"] = ndimage.map_coordinates(volume, index + shift, order=1, mode="nearest")

goldens["sigma"] = numpy.array([0.8, 0.0, 1.7])
goldens["blurred"] = ndimage.gaussian_filter(volume, (0.8, 0.0, 1.7), mode="reflect", truncate=4.0)

for turns in (1, 2, 3):
    goldens[f"turned_{turns}"] = numpy.ascontiguousarray(numpy.rot90(volume, turns, (0, 2)))
numpy.savez_compressed("volume.npz", **goldens)
