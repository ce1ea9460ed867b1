"""Lets torchvision be imported in an environment whose torch is a CPU build.

The package index has no torchvision for such a torch: its Linux wheels are built for CUDA. Their operators do not load
beside a CPU build, and `import torchvision` fails because it describes two of them, and with it most of transformers.
The processors of images and videos need torchvision's transforms only, so those two operators are declared.

As a program it mends the environment that runs it, where there is something to mend: it puts itself beside torchvision,
with a `.pth` file by which Python imports it at every start. `make setup` does so. Whoever installs zppo elsewhere
installs a torchvision that fits their torch.
"""

import shutil
import subprocess
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

DESCRIBE_OPERATORS = ("torchvision._autograd_registrations", "torchvision._meta_registrations")
"""Modules of torchvision that are imported after its operators were loaded, or could not be."""
DECLARED = ("nms", "qnms")


class BeforeDescriptions(MetaPathFinder):
    """Finds nothing itself; acts when a module is looked for that describes operators."""

    def find_spec(self, fullname, path, target=None):
        if fullname in DESCRIBE_OPERATORS:
            sys.meta_path.remove(self)
            declare_operators()
        return None


def declare_operators():
    """Declare the operators that torchvision describes, unless they are there."""
    import torch  # which is loaded: torchvision has imported it

    if not hasattr(torch.ops.torchvision, DECLARED[0]):
        library = torch.library.Library("torchvision", "DEF")
        for operator in DECLARED:
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        torch.torchvision_operators = library  # they last as long as it does


def mend():
    """Put this module where the environment's Python finds it, if torchvision is there and cannot be imported."""
    from importlib.util import find_spec

    found = find_spec("torchvision")
    if found is None or _importable():
        return
    beside, own = Path(found.origin).parent.parent, Path(__file__)
    shutil.copyfile(own, beside / own.name)
    (beside / f"{own.stem}.pth").write_text(f"import {own.stem}\n", "utf-8")
    if not _importable():
        sys.exit("torchvision cannot be imported beside this torch; install a pair of one build")


def _importable():
    return subprocess.run([sys.executable, "-c", "import torchvision"], capture_output=True).returncode == 0


if __name__ == "__main__":
    mend()
else:
    sys.meta_path.insert(0, BeforeDescriptions())
