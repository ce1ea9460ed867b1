"""Two real servers with teachers of the pocket, started at the first test that needs them and stopped after the last.

vLLM serves the one that sees, `transformers serve` the one of words alone.
"""

from collections.abc import Iterator

import pytest
from realserver import BIN, KEY, KEY_VARIABLE, POCKET, SEEING, TEACHER, RealServer

from zppo.data.reader import read_questions
from zppo.pocket import WORDS
from zppo.types import Prompt
from zppo.zone.prompts import Templates


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RealServer]]:
    """They start side by side, which takes as long as the slower one."""
    logs = tmp_path_factory.mktemp("servers")
    sizes = ["--dtype", "float32", "--max-model-len", "512", "--max-num-seqs", "64", "--enforce-eager"]
    names = ["--served-model-name", "teacher", "--generation-config", "vllm", "--api-key", KEY]
    module = [str(BIN / "python"), "-m", "vllm.entrypoints.openai.api_server", "--host", "127.0.0.1"]
    # On a CPU, a split prompt with a seed kills the engine (vLLM 0.30); this family caches prefixes in split ones only.
    whole = ["--no-enable-chunked-prefill", "--no-enable-prefix-caching"]
    sight = ["--limit-mm-per-prompt", '{"image":6,"video":0}']
    cpu = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind", "VLLM_NO_USAGE_STATS": "1"}
    serve = [str(BIN / "transformers"), "serve", TEACHER, "--device", "cpu", "--host", "127.0.0.1"]
    servers = {
        "vllm": RealServer(
            [*module, "--model", SEEING, *sizes, *names, *whole, *sight], "teacher", SEEING, logs / "vllm.log", cpu
        ),
        "transformers": RealServer(serve, TEACHER, TEACHER, logs / "transformers.log"),
    }
    started: list[RealServer] = []
    try:
        for server in servers.values():
            server.start()
            started.append(server)
        for server in started:
            server.wait()
        yield servers
    finally:
        for server in started:
            server.stop()


@pytest.fixture(params=["vllm", "transformers"])
def server(request: pytest.FixtureRequest, both: dict[str, RealServer]) -> RealServer:
    return both[request.param]


@pytest.fixture
def vllm(both: dict[str, RealServer]) -> RealServer:
    return both["vllm"]


@pytest.fixture
def transformers_serve(both: dict[str, RealServer]) -> RealServer:
    return both["transformers"]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """vLLM wants it; `transformers serve` takes any."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    return KEY


@pytest.fixture(scope="session")
def templates() -> Templates:
    return Templates.load(str(POCKET / "templates"))


@pytest.fixture(scope="session")
def prompts(templates: Templates) -> list[Prompt]:
    """32 held-out questions."""
    questions = read_questions(WORDS / "test.jsonl")[0][:32]
    return [Prompt("plain", q, templates.plain(q)) for q in questions]
