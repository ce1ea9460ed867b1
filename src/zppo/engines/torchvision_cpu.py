"""Lets torchvision be imported beside a CPU build of torch.

PyPI's torchvision is built for a CUDA torch. Beside a CPU one its operators do not load, and its import fails because
it describes two of them. The processors of images and videos need its transforms only, so those two are declared at
the moment when somebody first imports it. Where the builds match, nothing is done.
"""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType


class BeforeTorchvision(MetaPathFinder):
    """Finds nothing itself; acts when torchvision is looked for."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "torchvision":
            sys.meta_path.remove(self)
            declare_operators()
        return None


def mend_torchvision() -> None:
    """Make `import torchvision` work from now on. Imports nothing by itself. Called once, by `import zppo`."""
    if "torchvision" not in sys.modules:
        sys.meta_path.insert(0, BeforeTorchvision())


def declare_operators() -> None:
    """Declare the operators that torchvision describes, if its own do not load."""
    found = importlib.util.find_spec("torchvision")
    if found is None or found.origin is None:
        return
    import torch  # a light `import zppo` must not load it

    try:
        torch.ops.load_library(Path(found.origin).with_name("_C.so"))
    except OSError:
        library = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        torch.torchvision_operators = library  # they last as long as it does
