"""Lets torchvision be imported beside a CPU build of torch.

The package index has no torchvision for such a torch: its Linux wheels are built for CUDA. Their operators do not load
beside a CPU build, and `import torchvision` fails because it describes two of them, and with it most of transformers.
The processors of images and videos need torchvision's transforms only, so those two operators are declared at that
moment. Where the builds match, nothing is done.

This module stands on the standard library alone: `environment/torchvision_on_cpu.py` copies it into an environment.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

DESCRIBE_OPERATORS = ("torchvision._autograd_registrations", "torchvision._meta_registrations")
"""Modules of torchvision that are imported after its operators were loaded, or could not be."""
DECLARED = ("nms", "qnms")


class BeforeDescriptions(MetaPathFinder):
    """Finds nothing itself; acts when a module is looked for that describes operators."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in DESCRIBE_OPERATORS:
            sys.meta_path.remove(self)
            declare_operators()
        return None


def declare_operators() -> None:
    """Declare the operators that torchvision describes, unless they are there."""
    import torch  # which is loaded: torchvision has imported it

    if not hasattr(torch.ops.torchvision, DECLARED[0]):
        library = torch.library.Library("torchvision", "DEF")
        for operator in DECLARED:
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        torch.torchvision_operators = library  # they last as long as it does


def mend_torchvision() -> None:
    """Make `import torchvision` work from now on. Imports nothing by itself."""
    if "torchvision" not in sys.modules:
        sys.meta_path.insert(0, BeforeDescriptions())
