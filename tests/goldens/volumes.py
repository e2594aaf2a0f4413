#!/usr/bin/env python3
"""Writes volumes.json: layers over volumes, and transposed convolutions, as PyTorch computes them.

For each case: Keras's class and arguments, the shapes of input, weights and upstream gradient, and
what PyTorch gives for the output and the gradients of sum(output · upstream). Inputs are not
written: each is a sequence of eighths that the test draws too (`eighths`). Results are written as
multiples of 1/64, which most of them are without rest.

PyTorch has no "same" of its own; padding and cropping follow the formulas in Keras's documentation.

    python3 tests/goldens/volumes.py > tests/goldens/volumes.json
"""
import json
import math
import sys

import torch
import torch.nn.functional as functional

TIMES = 64


def eighths(shape, seed):
    """((i·i·5 + i·7 + seed·11) mod 251) mod 17 − 8, in eighths."""
    count = math.prod(shape)
    values = [((i * i * 5 + i * 7 + seed * 11) % 251 % 17 - 8) / 8 for i in range(count)]
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


def channels_first(x):
    return x.movedim(-1, 1)


def channels_last(x):
    return x.movedim(1, -1)


def numbers(value, axes):
    return list(value) if isinstance(value, (list, tuple)) else [value] * axes


def same_padding(sizes, window, strides, dilation):
    """Before and after, per axis: the output has ceil(size / stride) places."""
    padding = []
    for size, width, stride, step in zip(sizes, window, strides, dilation):
        extent = (width - 1) * step + 1
        total = max((math.ceil(size / stride) - 1) * stride + extent - size, 0)
        padding.append((total // 2, total - total // 2))
    return padding


def padded(x, padding, **options):
    """`padding` per axis, as functional.pad wants it: the last axis first."""
    flat = [side for pair in reversed(padding) for side in pair]
    return functional.pad(x, flat, **options)


def convolution(x, weights, config):
    axes = x.dim() - 2
    strides, dilation = numbers(config.get("strides", 1), axes), numbers(config.get("dilation_rate", 1), axes)
    kernel = weights[0].movedim((-1, -2), (0, 1))
    if config.get("padding") == "same":
        x = padded(x, same_padding(x.shape[2:], kernel.shape[2:], strides, dilation))
    convolve = functional.conv3d if axes == 3 else functional.conv2d
    return convolve(x, kernel, weights[1], strides, 0, dilation, config.get("groups", 1))


def transposed(x, weights, config):
    """The whole transposed convolution, then Keras's cut: of what is too much, the smaller half before."""
    axes = x.dim() - 2
    strides, dilation = numbers(config.get("strides", 1), axes), numbers(config.get("dilation_rate", 1), axes)
    kernel = weights[0].movedim((-1, -2), (0, 1))
    convolve = functional.conv_transpose3d if axes == 3 else functional.conv_transpose2d
    y = convolve(x, kernel, None, strides, 0, 0, 1, dilation)
    given = config.get("output_padding")
    padding = []
    for i in range(axes):
        stride, extent = strides[i], (kernel.shape[i + 2] - 1) * dilation[i] + 1
        same = config.get("padding") == "same"
        if given is None:
            tail = stride if same else max(extent, stride)
        else:
            tail = (extent % 2 if same else extent) + numbers(given, axes)[i]
        before = max(extent - tail, 0) // 2
        padding.append((-before, tail - extent + before))
    return padded(y, padding) + weights[1].reshape([1, -1] + [1] * axes)


def pooling(x, _, config):
    axes = x.dim() - 2
    window = numbers(config["pool_size"], axes)
    strides = numbers(config.get("strides") or window, axes)
    average = config["class"].startswith("Average")
    padding = [(0, 0)] * axes
    if config.get("padding") == "same":
        padding = same_padding(x.shape[2:], window, strides, [1] * axes)
    if all(before == after for before, after in padding):
        before = [pair[0] for pair in padding]
        if average:
            return functional.avg_pool3d(x, window, strides, before, count_include_pad=False)
        return functional.max_pool3d(x, window, strides, before)
    x = padded(x, padding, mode="replicate")  # As Keras on PyTorch, where padding is uneven.
    return (functional.avg_pool3d if average else functional.max_pool3d)(x, window, strides)


def global_pooling(x, _, config):
    last = list(range(2, x.dim()))
    y = x.mean(last, keepdim=True) if "Average" in config["class"] else x.amax(last, keepdim=True)
    return y if config.get("keepdims") else y.reshape(y.shape[:2])


def up_sampling(x, _, config):
    for axis, factor in enumerate(numbers(config["size"], x.dim() - 2)):
        x = x.repeat_interleave(factor, dim=axis + 2)
    return x


def zero_padding(x, _, config):
    return padded(x, config["padding"])


def cropping(x, _, config):
    return padded(x, [(-before, -after) for before, after in config["cropping"]])


def conv(name, x, filters, kernel, **config):
    axes = len(x) - 2
    kernel = numbers(kernel, axes)
    channels = x[-1] // config.get("groups", 1)
    shape = kernel + ([filters, x[-1]] if "Transpose" in name else [channels, filters])
    config = {"class": name, "filters": filters, "kernel_size": kernel, **config}
    return (transposed if "Transpose" in name else convolution), config, x, [shape, [filters]]


def plain(function, name, x, **config):
    return function, {"class": name, **config}, x, []


CASES = [
    conv("Conv3D", [2, 3, 4, 3, 2], 2, [2, 3, 1]),
    conv("Conv3D", [1, 4, 3, 5, 2], 2, 3, strides=2, padding="same"),
    conv("Conv3D", [1, 3, 2, 4, 4], 4, [1, 2, 3], padding="same", groups=2),
    conv("Conv3D", [1, 5, 3, 4, 1], 2, [3, 2, 2], dilation_rate=[2, 1, 3]),
    conv("Conv2DTranspose", [1, 3, 4, 2], 3, [2, 3], strides=[3, 2]),
    conv("Conv2DTranspose", [1, 3, 2, 2], 2, [4, 3], strides=2, padding="same"),
    conv("Conv2DTranspose", [1, 2, 3, 2], 2, [5, 3], strides=3, padding="same", output_padding=[2, 1]),
    conv("Conv2DTranspose", [1, 2, 3, 2], 2, [2, 3], strides=[1, 3], padding="same", output_padding=0),
    conv("Conv2DTranspose", [1, 3, 3, 1], 2, 3, padding="same", dilation_rate=[2, 1]),
    conv("Conv2DTranspose", [2, 2, 3, 2], 1, 1, strides=[2, 3], padding="same"),
    conv("Conv3DTranspose", [1, 2, 3, 2, 3], 2, 2, strides=2),
    conv("Conv3DTranspose", [1, 2, 2, 3, 2], 2, 3, strides=[2, 1, 2], padding="same"),
    plain(pooling, "MaxPooling3D", [1, 4, 3, 5, 2], pool_size=[2, 2, 2]),
    plain(pooling, "MaxPooling3D", [1, 4, 3, 5, 2], pool_size=[3, 2, 2], strides=[2, 1, 2], padding="same"),
    plain(pooling, "AveragePooling3D", [1, 4, 3, 4, 2], pool_size=[2, 1, 4]),
    plain(pooling, "AveragePooling3D", [1, 4, 3, 5, 2], pool_size=3, strides=1, padding="same"),
    plain(pooling, "AveragePooling3D", [1, 4, 3, 5, 2], pool_size=2, padding="same"),
    plain(global_pooling, "GlobalAveragePooling3D", [2, 2, 4, 2, 3]),
    plain(global_pooling, "GlobalMaxPooling3D", [2, 2, 3, 2, 3], keepdims=True),
    plain(up_sampling, "UpSampling3D", [1, 2, 3, 1, 2], size=[2, 1, 3]),
    plain(zero_padding, "ZeroPadding3D", [1, 2, 1, 2, 2], padding=[[1, 0], [0, 2], [1, 1]]),
    plain(cropping, "Cropping3D", [1, 4, 3, 4, 2], cropping=[[1, 0], [0, 2], [1, 1]]),
]


def distinct(shape):
    """A maximum must be one element's alone, or its gradient is a choice: no two values are equal."""
    count = math.prod(shape)
    return torch.tensor([(i * 37 % 251 - 125) / 64 for i in range(count)], dtype=torch.float64).reshape(shape)


def written(tensor):
    values = [round(value * TIMES, 6) for value in tensor.detach().flatten().tolist()]
    return [int(value) if value == int(value) else value for value in values]


def computed(function, config, x_shape, weight_shapes):
    x = (distinct if "Max" in config["class"] else lambda s: eighths(s, 1))(x_shape).requires_grad_()
    weights = [eighths(shape, 2 + i).requires_grad_() for i, shape in enumerate(weight_shapes)]
    y = function(channels_first(x), weights, config)
    y = channels_last(y)
    upstream = eighths(y.shape, 9)
    (y * upstream).sum().backward()
    return {
        "class": config["class"],
        "config": {name: value for name, value in config.items() if name != "class"},
        "x": x_shape,
        "weights": weight_shapes,
        "y_shape": list(y.shape),
        "y": written(y),
        "gx": written(x.grad),
        "gw": [written(weight.grad) for weight in weights],
    }


def main():
    cases = ",\n".join(json.dumps(computed(*case), separators=(",", ":")) for case in CASES)
    sys.stdout.write(f'{{"times": {TIMES}, "cases": [\n{cases}\n]}}\n')


if __name__ == "__main__":
    main()
