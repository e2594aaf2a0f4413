"""Writes stages.npz: what scipy.ndimage and PyTorch make of a volume, for stages as a whole.

Run in this folder. The matrix of random_affine is built anew here from its documented meaning: turns in
the planes (height, width), (depth, height) and (depth, width), a shear, all around the middle, then the
shift; a scale above 1 magnifies.
"""
import numpy
import torch
from scipy import ndimage

rng = numpy.random.default_rng(11)
volume = ndimage.gaussian_filter(rng.normal(0.0, 5.0, (12, 14, 13)), 1.0).astype(numpy.float32)
goldens = {"volume": volume}


def turn(a, b, degrees):
    out = numpy.eye(3)
    angle = numpy.deg2rad(degrees)
    out[a, a] = out[b, b] = numpy.cos(angle)
    out[a, b], out[b, a] = -numpy.sin(angle), numpy.sin(angle)
    return out


shear = numpy.array([[1, 0.1, 0.1], [0, 1, 0.1], [0, 0, 1]])
matrix = turn(1, 2, 20) @ turn(0, 1, 20) @ turn(0, 2, 20) @ shear / 1.2
middle = (numpy.array(volume.shape) - 1) / 2
offset = middle - matrix @ middle - 1.5
for order, name in ((1, "affine"), (0, "affine_nearest")):
    goldens[name] = ndimage.affine_transform(volume, matrix, offset, order=order, mode="nearest")

tensor = torch.from_numpy(volume)[None, None]
goldens["resized"] = torch.nn.functional.interpolate(
    tensor, (9, 8, 17), mode="trilinear", align_corners=False)[0, 0].numpy()


def area(values, size, axis):
    """Means of boxes whose borders may cut voxels."""
    values = numpy.moveaxis(values.astype(float), axis, 0)
    edges = numpy.concatenate([numpy.zeros((1,) + values.shape[1:]), numpy.cumsum(values, 0)])
    places = numpy.arange(size + 1) * values.shape[0] / size
    low = numpy.minimum(places.astype(int), values.shape[0] - 1)
    share = (places - low).reshape((-1,) + (1,) * (values.ndim - 1))
    total = edges[low] + share * values[low]
    return numpy.moveaxis(numpy.diff(total, axis=0) * size / values.shape[0], 0, axis)


goldens["area"] = area(area(area(volume, 6, 0), 5, 1), 7, 2)
numpy.savez_compressed("stages.npz", **goldens)
