"""Mends the environment that runs it, where torchvision cannot be imported beside a CPU build of torch.

`import zppo` mends it for the process (src/zppo/engines/torchvision_cpu.py says what is wrong). So that plain
transformers works without it, this program puts a copy of that module beside torchvision, with a `.pth` file by which
Python runs it at every start. `make setup` does so.
"""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

MODULE = Path(__file__).parents[1] / "src" / "zppo" / "engines" / "torchvision_cpu.py"


def mend():
    """Copy the module to where the environment's Python finds it, if torchvision is there and cannot be imported."""
    found = find_spec("torchvision")
    if found is None or importable():
        return
    beside = Path(found.origin).parent.parent
    shutil.copyfile(MODULE, beside / MODULE.name)
    start = f"import {MODULE.stem}; {MODULE.stem}.mend_torchvision()"
    (beside / f"{MODULE.stem}.pth").write_text(f"{start}\n", "utf-8")
    if not importable():
        sys.exit("torchvision cannot be imported beside this torch; install a pair of one build")


def importable():
    return subprocess.run([sys.executable, "-c", "import torchvision"], capture_output=True).returncode == 0


if __name__ == "__main__":
    mend()
