"""The environment of `make setup` serves plain transformers too, whatever torch it was given."""

import subprocess
import sys


def test_transformers_works_without_zppo() -> None:
    """A torchvision of another build than torch would make most of transformers fail at its import."""
    code = (
        "from transformers import LlamaForCausalLM, Qwen3VLVideoProcessor; import sys; "
        "print(any(name.split('.')[0] == 'zppo' for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "False"), done.stderr
