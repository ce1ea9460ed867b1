"""An evaluation that is killed at any moment goes on where it was: nothing twice, nothing lost."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from toys import JUDGED, STRICT, SUMS, files, write_data

import zppo

HERE = Path(__file__).parent
KILLS = 20


def start(data: Path, out: Path, engine: str) -> subprocess.Popen[bytes]:
    path = os.pathsep.join([str(HERE), str(HERE.parents[1]), str(Path(zppo.__file__).parents[1])])
    command = [sys.executable, str(HERE / "evaluate_toys.py"), str(data), str(out), engine]
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}, start_new_session=True)


def left(out: Path) -> dict[str, bytes]:
    kept = {name: (out / name).read_bytes() for name in ("summary.json", "results.csv", "settings.json")}
    return kept | files(out) | {p.name: p.read_bytes() for p in (out / "journal").iterdir()}


def work(out: Path) -> int:
    """Bytes of all journals."""
    return sum(path.stat().st_size for path in (out / "journal").glob("*")) if out.is_dir() else 0


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "at_once"), [("embedded", 4), ("served", 1)])
def test_twenty_kills_leave_what_a_straight_run_leaves(tmp_path: Path, engine: str, at_once: int) -> None:
    data = write_data(tmp_path / "data", SUMS, JUDGED, STRICT, rows=60)
    began = time.monotonic()
    assert start(data, tmp_path / "straight", engine).wait() == 0
    took = time.monotonic() - began
    rng, out, before_kill = random.Random(5), tmp_path / "killed", []
    for _ in range(KILLS):
        process, had, until = start(data, out, engine), work(out), time.monotonic() + 10 * took
        while work(out) <= had and process.poll() is None and time.monotonic() < until:
            time.sleep(0.001)  # killed while it is starting it would show nothing
        time.sleep(rng.uniform(0, 0.02))
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "it was done before it could be killed"
        before_kill.append(work(out))
    assert start(data, out, engine).wait() == 0
    assert left(out) == left(tmp_path / "straight")
    assert len(set(before_kill)) == KILLS, "every kill came at another point of the work"
    asked = (out / "asked.txt").read_text().split()
    items = 3 * 120
    assert items <= len(asked) <= items + KILLS * at_once, "at most what was under way is asked again"
