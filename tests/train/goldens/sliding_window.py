"""Writes sliding_window.json: whole volumes predicted by windows as MONAI does, in numpy and scipy.

sliding_window.py > sliding_window.json. The network is one convolution of 3 x 3 x 3 to two
channels with padding "same", so that a window's border differs from its middle. Input and kernel
are sequences of eighths that the test draws too.
"""
import itertools
import json

import numpy
from scipy import ndimage


def eighths(shape, seed):
    i = numpy.arange(numpy.prod(shape), dtype=numpy.int64)
    return (((i * i * 5 + i * 7 + seed * 11) % 251 % 17 - 8) / 8.0).reshape(shape)


KERNEL = eighths((3, 3, 3, 1, 2), 3)


def network(window):
    return numpy.stack([ndimage.correlate(window, KERNEL[..., 0, c], mode="constant")
                        for c in range(2)], axis=-1)


def starts(size, window, overlap):
    if size == window:
        return [0]
    apart = max(1, int(window * (1 - overlap)))
    count = next(d for d in range(-(-size // apart)) if d * apart + window >= size) + 1
    return [i * apart - max(i * apart + window - size, 0) for i in range(count)]


def importance(window, blend):
    if blend == "constant":
        return numpy.ones(window)
    out = numpy.ones(())
    for size in window:
        x = numpy.arange(-(size - 1) / 2, (size - 1) / 2 + 1)
        out = out[..., None] * numpy.exp(x ** 2 / (-2 * (0.125 * size) ** 2))
    return numpy.maximum(out, max(out.min(), 1e-3))


def predict(volume, window, overlap, blend):
    pads = [(max(w - s, 0) // 2, max(w - s, 0) - max(w - s, 0) // 2)
            for s, w in zip(volume.shape, window)]
    padded = numpy.pad(volume, pads)
    total = numpy.zeros(padded.shape + (2,))
    norm = numpy.zeros(padded.shape + (1,))
    weights = importance(window, blend)[..., None]
    for first in itertools.product(*(starts(s, w, overlap) for s, w in zip(padded.shape, window))):
        place = tuple(slice(f, f + w) for f, w in zip(first, window))
        total[place] += weights * network(padded[place])
        norm[place] += weights
    back = tuple(slice(before, before + size) for (before, _), size in zip(pads, volume.shape))
    return (total / norm)[back]


cases = []
for shape, window, overlap, blend in [
        ((7, 9, 10), (4, 4, 6), 0.5, "gaussian"), ((7, 9, 10), (4, 4, 6), 0.25, "constant"),
        ((3, 9, 6), (4, 5, 6), 0.6, "gaussian"), ((3, 2, 4), (6, 5, 4), 0.0, "gaussian")]:
    out = predict(eighths(shape, 1), window, overlap, blend)
    cases.append({"shape": shape, "window": window, "overlap": overlap, "blend": blend,
                  "output": [round(v, 6) for v in out.flatten().tolist()]})
print(json.dumps(cases))
