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


class Random:
    """Philox 4x32 with ten rounds (Salmon et al., SC11), named by four numbers as src/core/random.cpp says."""

    MASK = (1 << 64) - 1

    def __init__(self, *name):
        seed, a, b, c = name
        self.key = self.mix(self.mix(self.mix(seed, a), b), c)
        self.upper = self.mix(self.mix(self.mix(c ^ 0x5851F42D4C957F2D, b), a), seed)
        self.blocks, self.numbers = 0, []

    @classmethod
    def mix(cls, a, b):
        def scramble(value):
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & cls.MASK
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB & cls.MASK
            return value ^ (value >> 31)

        golden = 0x9E3779B97F4A7C15
        return scramble(scramble(a + golden & cls.MASK) + b * 0xD1342543DE82EF95 + golden & cls.MASK)

    def next_double(self):
        if not self.numbers:
            low = (1 << 32) - 1
            counter = [self.blocks & low, self.blocks >> 32, self.upper & low, self.upper >> 32]
            key = [self.key & low, self.key >> 32]
            for _ in range(10):
                first, second = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
                counter = [second >> 32 ^ counter[1] ^ key[0], second & low,
                           first >> 32 ^ counter[3] ^ key[1], first & low]
                key = [key[0] + 0x9E3779B9 & low, key[1] + 0xBB67AE85 & low]
            self.blocks += 1
            self.numbers = [counter[0] | counter[1] << 32, counter[2] | counter[3] << 32]
        return (self.numbers.pop(0) >> 11) * 2.0**-53

    def next_normal(self):
        radius = numpy.sqrt(-2.0 * numpy.log(1.0 - self.next_double()))
        return numpy.float32(radius * numpy.cos(2.0 * numpy.pi * self.next_double()))


# random_elastic of seed 5, epoch 0, sample 0, stage 0: a standard deviation of 1.5 to 2 voxels, nodes 5 voxels
# apart or less that span the volume corner to corner.
random = Random(5, 0, 0, 0)
assert random.next_double() < 1.0  # The probability.
magnitude = 1.5 + 0.5 * random.next_double()
nodes = [int(numpy.ceil(n / 5.0)) + 1 for n in volume.shape]
field = numpy.array([numpy.float32(magnitude) * random.next_normal() for _ in range(3 * numpy.prod(nodes))])
field = field.reshape(*nodes, 3)
index = numpy.stack(numpy.meshgrid(*[numpy.arange(n, dtype=float) for n in volume.shape], indexing="ij"))
places = [index[a] * (nodes[a] - 1) / (volume.shape[a] - 1) for a in range(3)]
bent = index + numpy.stack([ndimage.map_coordinates(field[..., a].astype(float), places, order=1) for a in range(3)])
goldens["elastic"] = ndimage.map_coordinates(volume, bent, order=1, mode="nearest")
goldens["elastic_constant"] = ndimage.map_coordinates(volume, bent, order=1, mode="grid-constant", cval=-3.0)
goldens["elastic_nearest"] = ndimage.map_coordinates(volume, bent, order=0, mode="nearest")
numpy.savez_compressed("stages.npz", **goldens)
