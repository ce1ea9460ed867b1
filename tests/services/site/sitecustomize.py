"""Loaded at the start of every Python process of a server: ends it when the tests are gone, and mends an import.

vLLM imports torchvision also where no image is in sight, and PyPI's torchvision is built for CUDA: beside a CPU build
of torch its operators do not load, and its import fails because it describes two of them. Here those two are declared,
and its decoder of images is replaced.
"""

import ctypes
import importlib.util
import io
import signal
from pathlib import Path

import torch

PR_SET_PDEATHSIG = 1


def declare_operators() -> None:
    library = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    torch.torchvision_operators = library  # they last as long as it does


def decode_with_pillow() -> None:
    """In the place of torchvision's own way, for 8-bit RGB, which is what we send."""
    import numpy as np
    import torchvision.io
    from PIL import Image

    def decode_image(data: torch.Tensor, mode: object, apply_exif_orientation: bool = False) -> torch.Tensor:
        image = Image.open(io.BytesIO(data.numpy().tobytes()))
        return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)

    torchvision.io.decode_image = decode_image


def loads(library: Path) -> bool:
    try:
        torch.ops.load_library(library)
    except OSError:
        return False
    return True


ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # with the process that started this one: down to the tests

torchvision = importlib.util.find_spec("torchvision")
if torchvision is not None and not loads(Path(torchvision.origin).with_name("_C.so")):
    declare_operators()
    decode_with_pillow()
