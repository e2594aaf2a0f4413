"""Writes TFRecord files with nothing of ours: usage FOLDER. The values are told by number alone."""

import gzip
import pathlib
import struct
import sys


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def record(data):
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked(length)) + data + struct.pack("<I", masked(data))


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def texts(*values):
    return field(1, b"".join(field(1, value) for value in values))


def floats(*values):
    return field(2, field(1, struct.pack(f"<{len(values)}f", *values)))


def integers(*values):
    return field(3, field(1, b"".join(varint(value) for value in values)))


def unpacked_integers(*values):
    return field(3, b"".join(varint(1 << 3) + varint(value) for value in values))


def example(**features):
    entries = (field(1, field(1, name.encode()) + field(2, value)) for name, value in features.items())
    return field(1, b"".join(entries))


def sample(number):
    return example(
        label=integers(number - 5),
        name=texts(f"sample {number}".encode()),
        box=floats(number, number + 0.5, -number, 1e-3 * number),
        tokens=(unpacked_integers if number % 2 else integers)(*range(number % 4)),
        raw=texts(struct.pack("<6H", *range(number, number + 6))),
    )


def main():
    folder = pathlib.Path(sys.argv[1])
    for shard in range(3):
        data = b"".join(record(sample(number)) for number in range(40 * shard, 40 * shard + 40))
        (folder / f"train-{shard:02d}.tfrecord").write_bytes(data)
        (folder / f"train-{shard:02d}.tfrecord.gz").write_bytes(gzip.compress(data))


main()
