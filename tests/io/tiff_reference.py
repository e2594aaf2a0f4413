"""Writes TIFF files by Pillow and by hand, and what is in them: usage FOLDER. NAME.tif beside NAME.npy."""

import pathlib
import struct
import sys

import numpy as np
from PIL import Image

FOLDER = pathlib.Path(sys.argv[1])
KINDS = {"u": 1, "i": 2, "f": 3}


def directory(tags, order, at, following):
    """One image file directory, its long values behind it."""
    head, tail = b"", b""
    size = 2 + 12 * len(tags) + 4
    codes = {3: "H", 4: "I"}
    for tag, kind, values in sorted(tags):
        data = struct.pack(order + codes[kind] * len(values), *values)
        if len(data) > 4:
            data, tail = struct.pack(order + "I", at + size + len(tail)), tail + data
        head += struct.pack(order + "HHI", tag, kind, len(values)) + data.ljust(4, b"\0")
    return struct.pack(order + "H", len(tags)) + head + struct.pack(order + "I", following), tail


def write_by_hand(name, pages, order, tile=None, planar=False, rows=3):
    """Uncompressed pages (height, width, channels) in strips of `rows`, or in tiles."""
    out = bytearray((b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8))
    for number, page in enumerate(pages):
        height, width, channels = page.shape
        data = page.astype(page.dtype.newbyteorder(order))
        parts = [data[:, :, c:c + 1] for c in range(channels)] if planar else [data]
        chunks = []
        for part in parts:
            if tile:
                padded = np.zeros((-(-height // tile) * tile, -(-width // tile) * tile, part.shape[2]), data.dtype)
                padded[:height, :width] = part
                chunks += [padded[y:y + tile, x:x + tile].tobytes()
                           for y in range(0, height, tile) for x in range(0, width, tile)]
            else:
                chunks += [part[y:y + rows].tobytes() for y in range(0, height, rows)]
        tags = [(256, 4, [width]), (257, 4, [height]), (258, 3, [8 * page.dtype.itemsize] * channels), (259, 3, [1]),
                (262, 3, [2 if channels >= 3 else 1]), (277, 3, [channels]), (284, 3, [2 if planar else 1]),
                (339, 3, [KINDS[page.dtype.kind]] * channels)]
        tags += [(322, 4, [tile]), (323, 4, [tile])] if tile else [(278, 4, [rows])]
        places = (324, 325) if tile else (273, 279)
        lengths = [len(chunk) for chunk in chunks]
        dummy = tags + [(places[0], 4, [0] * len(chunks)), (places[1], 4, lengths)]
        at = len(out)
        size = sum(len(part) for part in directory(dummy, order, at, 0))
        begins = [at + size + sum(lengths[:i]) for i in range(len(chunks))]
        following = at + size + sum(lengths) if number + 1 < len(pages) else 0
        real = tags + [(places[0], 4, begins), (places[1], 4, lengths)]
        out += b"".join(directory(real, order, at, following)) + b"".join(chunks)
    (FOLDER / f"{name}.tif").write_bytes(bytes(out))
    np.save(FOLDER / f"{name}.npy", np.stack(pages))


def write_by_pillow(name, pages, mode, compression):
    images = [Image.fromarray(page, mode) for page in pages]
    images[0].save(FOLDER / f"{name}.tif", save_all=True, append_images=images[1:], compression=compression)
    read = Image.open(FOLDER / f"{name}.tif")
    stacked = []
    for number in range(read.n_frames):
        read.seek(number)
        page = np.asarray(read)
        stacked.append(page if page.ndim == 3 else page[:, :, None])
    np.save(FOLDER / f"{name}.npy", np.stack(stacked))


def main():
    draw = np.random.default_rng(5)
    for dtype in ("u1", "u2", "u4", "i2", "i4", "f4", "f8"):
        def page(channels):
            values = draw.normal(0, 1000, (7, 11, channels))
            return (values if dtype[0] == "f" else values if dtype[0] == "i" else abs(values)).astype(dtype)
        for order, word in (("<", "little"), (">", "big")):
            write_by_hand(f"{dtype}_{word}_strips", [page(1), page(1), page(1)], order)
            write_by_hand(f"{dtype}_{word}_tiles", [page(3)], order, tile=16)
            write_by_hand(f"{dtype}_{word}_planes", [page(3), page(3)], order, planar=True)
    grey = [draw.integers(0, 256, (9, 13), dtype=np.uint8) for _ in range(4)]
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits"):
        write_by_pillow(f"pillow_{compression}", grey, "L", compression)
    write_by_pillow("pillow_float", [g.astype(np.float32) / 7 for g in grey], "F", "tiff_lzw")
    write_by_pillow("pillow_colour", [draw.integers(0, 256, (9, 13, 3), dtype=np.uint8) for _ in range(2)], "RGB", None)


main()
