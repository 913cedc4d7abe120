"""Takes what Lockstep uses out of Python wheels: TensorFlow's C libraries and headers, and NVIDIA's libraries.

usage: unpack.py TARGET WHEEL...

A wheel is a zip archive. The rest, Python modules above all, would be another fifth of the size.
"""

import os
import sys
import zipfile

LIBRARIES = ("tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2")
HEADERS = tuple("tensorflow/include/" + folder for folder in (
    "tensorflow/c/", "tensorflow/core/platform/", "tsl/platform/", "xla/tsl/c/"))


def is_used(name):
    if name.startswith("nvidia/"):
        return "/include/" not in name
    return name in LIBRARIES or name.startswith(HEADERS)


def main(target, wheels):
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.infolist():
                if is_used(member.filename) and not member.is_dir():
                    path = archive.extract(member, target)
                    os.chmod(path, (member.external_attr >> 16) & 0o777 or 0o644)


main(sys.argv[1], sys.argv[2:])
