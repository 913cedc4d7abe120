"""
Writes the .mat files of this folder with scipy, an independent writer, in every shape that the reader must take or
refuse. Pixel (n, r, c, k) is (31 n + 7 r + 3 c + 101 k) mod 256; label n is n mod 10, and 10 for 0.

    python3 test/golden/mat.py test/golden/mat
"""
import sys
from pathlib import Path

import numpy as np
from scipy.io import savemat

HEIGHT, WIDTH, CHANNELS, COUNT = 5, 4, 3, 12


def images(channels=CHANNELS, count=COUNT):
    r, c, k, n = np.ogrid[:HEIGHT, :WIDTH, :channels, :count]
    return ((31 * n + 7 * r + 3 * c + 101 * k) % 256).astype(np.uint8)


def labels(count=COUNT):
    digits = np.arange(count) % 10
    return np.where(digits == 0, 10, digits).reshape(-1, 1)


def main(folder):
    x, y = images(), labels()
    files = {
        "compressed": dict(X=x, y=y.astype(np.uint8)),
        "stored": dict(X=x, y=y.astype(np.uint8)),
        "labels-first": dict(y=y.astype(np.float64), X=x),
        "labels-int32": dict(X=x, y=y.astype(np.int32)),
        "unlabelled": dict(X=x),
        "grey": dict(X=images(1), y=y.astype(np.uint8)),
        "other-variables": dict(note="street", cell=np.array([[1, "a"]], dtype=object), X=x, y=y.astype(np.int64)),
        "one-image": dict(X=images(count=1), y=np.array([[10]], np.uint8)),
        "refused-complex": dict(X=x * (1 + 1j), y=y),
        "refused-double": dict(X=x.astype(np.float64), y=y),
        "refused-logical": dict(X=x > 100, y=y),
        "refused-cell": dict(X=np.array([[x]], dtype=object), y=y),
        "refused-three-dimensions": dict(X=x[:, :, 0, :], y=y),
        "refused-no-images": dict(X=x[:, :, :, :0], y=y[:0]),
        "refused-label-count": dict(X=x, y=y[:-1].astype(np.uint8)),
        "refused-label-count-first": dict(y=y[:-1].astype(np.uint8), X=x),
        "refused-label-shape": dict(X=x, y=np.ones((COUNT, 2))),
        "refused-label-fraction": dict(X=x, y=y + 0.5),
        "refused-label-negative": dict(X=x, y=-y.astype(np.int16)),
        "refused-no-x": dict(images=x, y=y),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / f"{name}.mat"
        savemat(path, content, do_compression=name != "stored")
        whole = path.read_bytes()  # scipy writes the date into the first 116
        path.write_bytes(b"MATLAB 5.0 MAT-file, written by scipy".ljust(116) + whole[116:])
    savemat(folder / "refused-version-4.mat", dict(y=y.astype(np.float64)), format="4")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
