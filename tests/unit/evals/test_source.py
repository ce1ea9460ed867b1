"""Rows of local folders and of the Hub, and what is said about data that are not as expected."""

import json
import threading
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from toys import SUMS, write_data

from zppo.errors import DataError
from zppo.evals.benchmark import Benchmark, Data, Row
from zppo.evals.files import Folder
from zppo.evals.source import open_rows, read_parts

ROWS = [{"n": n, "question": f"{n} + 1?", "answer": str(n + 1)} for n in range(3)]
ONE = replace(SUMS, data=replace(SUMS.data, configs=("default",)))


def jsonl(path: Path, rows: Sequence[Any] = ROWS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def parquet(path: Path, rows: Sequence[Any] = ROWS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows)), path)


def read(benchmark: Benchmark, folder: Path | None, unpacked: Path = Path("unpacked")) -> list[Row]:
    parts = read_parts(benchmark, open_rows(benchmark, folder, unpacked))
    return [row for part in parts for row in part]


@pytest.mark.parametrize(
    "names",
    [
        ["test.jsonl"],
        ["test.parquet"],
        ["data/test-00000-of-00001.parquet"],
        ["default/test-00000-of-00001.parquet"],
        ["data/default/test.jsonl"],
        ["default.parquet"],
        ["test-00000-of-00002.parquet", "test-00001-of-00002.parquet"],
    ],
)
def test_files_are_found_where_repositories_have_them(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (parquet if name.endswith("parquet") else jsonl)(tmp_path / "sums" / name)
    rows = read(ONE, tmp_path)
    assert [row["answer"] for row in rows] == ["1", "2", "3"] * len(names)
    assert [row.index for row in rows] == list(range(3 * len(names)))
    assert rows[0].where == "sums, default/test, row 0"


def test_the_card_of_a_snapshot_tells_where_the_files_are(tmp_path: Path) -> None:
    parquet(tmp_path / "sums" / "odd" / "a-0001.parquet", ROWS[:1])
    parquet(tmp_path / "sums" / "odd" / "a-0002.parquet", ROWS[1:])
    card = "configs:\n- config_name: default\n  data_files:\n  - split: test\n    path: odd/a-*.parquet\n"
    (tmp_path / "sums" / "README.md").write_text(f"---\nlicense: mit\n{card}---\n# Sums\n")
    assert [row["n"] for row in read(ONE, tmp_path)] == [0, 1, 2]


@pytest.mark.parametrize(
    "configs",
    [
        "[{data_files: [{split: test, path: a.jsonl}]}]",
        "[{config_name: default, data_files: [{split: test, pattern: a.jsonl}]}]",
        "[{config_name: default, data_files: [{split: test, path: /etc/a.jsonl}]}]",
        "[{config_name: default, data_files: [{split: test, path: [../a.jsonl]}]}]",
        "[{config_name: default, data_files: [{split: test, path: ''}]}]",
        "[{config_name: default, data_files: 3}]",
        "[default]",
        "7",
    ],
)
def test_a_card_of_another_form_is_refused(tmp_path: Path, configs: str) -> None:
    jsonl(tmp_path / "sums" / "test.jsonl")
    (tmp_path / "sums" / "README.md").write_text(f"---\nconfigs: {configs}\n---\n")
    with pytest.raises(DataError, match=r"README.md: its head should list configs with a config_name"):
        read(ONE, tmp_path)


def test_configs_and_splits_are_read_in_order(tmp_path: Path) -> None:
    rows = read(SUMS, write_data(tmp_path, SUMS, rows=2))
    assert [(row.config, row.index) for row in rows] == [("easy", 0), ("easy", 1), ("hard", 0), ("hard", 1)]


def test_csv_is_read_as_text(tmp_path: Path) -> None:
    folder = tmp_path / "sums"
    folder.mkdir()
    (folder / "default.csv").write_text('n,question,answer\n0,"a, b?",1\n')
    texts = replace(ONE, data=replace(ONE.data, columns={"n": "str", "question": "str", "answer": "str"}))
    assert dict(read(texts, tmp_path)[0].values) == {"n": "0", "question": "a, b?", "answer": "1"}


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (
            [{"n": 0, "questions": "?", "answer": "1"}],
            "row 0: there is no column 'question'; did you mean 'questions'?",
        ),
        ([ROWS[0], {**ROWS[1], "answer": 2}], r"row 1: the column 'answer' should hold str, not int \('2'\)"),
        ([{**ROWS[0], "n": True}], "the column 'n' should hold int, not bool"),
        ([{**ROWS[0], "n": None}], "the column 'n' should hold int, not NoneType"),
        ([], "default/test: there are no rows"),
        ([[1]], "row 1: a row is an object"),
    ],
)
def test_data_that_differ_are_refused_with_their_place(tmp_path: Path, rows: list[Any], says: str) -> None:
    jsonl(tmp_path / "sums" / "test.jsonl", rows)
    with pytest.raises(DataError, match=says):
        read(ONE, tmp_path)


def test_what_nobody_has_verified_is_named_when_it_differs(tmp_path: Path) -> None:
    jsonl(tmp_path / "sums" / "test.jsonl")
    doubtful = replace(ONE, data=replace(ONE.data, columns={"level": "str"}, unverified=("the column level",)))
    with pytest.raises(DataError, match=r"no column 'level'.*\(nobody has verified the column level\)"):
        read(doubtful, tmp_path)


def test_a_config_may_have_columns_of_its_own(tmp_path: Path) -> None:
    jsonl(tmp_path / "sums" / "easy" / "test.jsonl")
    jsonl(tmp_path / "sums" / "hard" / "test.jsonl", [{"other": [1]}])
    data = replace(SUMS.data, config_columns={"hard": {"other": "list"}})
    assert read(replace(SUMS, data=data), tmp_path)[-1]["other"] == [1]


def test_missing_folders_and_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "sum").mkdir()
    with pytest.raises(DataError, match=r"sums is not there; did you mean 'sum'\?"):
        read(ONE, tmp_path)
    (tmp_path / "sums").mkdir()
    with pytest.raises(DataError, match="no file of default/test; looked for default/test, data/default/test, test"):
        read(ONE, tmp_path)
    with pytest.raises(DataError, match="there is no folder in it"):
        read(ONE, tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["test.parquet", "test.jsonl", "test.csv"])
def test_a_broken_file_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "sums").mkdir()
    (tmp_path / "sums" / name).write_bytes(b"PAR1\xff\xfe")
    with pytest.raises(DataError, match=name):
        read(ONE, tmp_path)


def test_images_stay_undecoded(tmp_path: Path) -> None:
    pictures = [{"n": 0, "question": "?", "answer": "1", "image": {"bytes": b"not a picture", "path": "a.png"}}]
    parquet(tmp_path / "sums" / "test.parquet", pictures)
    seen = replace(ONE, data=replace(ONE.data, columns={**ONE.data.columns, "image": "image"}))
    assert read(seen, tmp_path)[0]["image"] == {"bytes": b"not a picture", "path": "a.png"}


def test_files_and_members_of_archives_lie_beside_the_rows(tmp_path: Path) -> None:
    root = tmp_path / "data"
    jsonl(root / "sums" / "test.jsonl")
    (root / "sums" / "subtitle").mkdir()
    (root / "sums" / "subtitle" / "a.srt").write_text("said")
    with zipfile.ZipFile(root / "sums" / "subtitle" / "more.zip", "w") as archive:
        archive.writestr("deep/b.srt", "sung")
    row = read(ONE, root, tmp_path / "unpacked")[0]
    assert row.file("subtitle/a.srt").read_text() == "said"
    assert row.file("subtitle/deep/b.srt").read_text() == "sung"
    assert row.file("subtitle/deep/b.srt") == tmp_path / "unpacked" / "subtitle" / "deep" / "b.srt"
    assert row.files.names("subtitle") == ["subtitle/a.srt", "subtitle/deep/b.srt", "subtitle/more.zip"]
    with pytest.raises(DataError, match=r"row 0: the file 'c.srt' is missing"):
        row.file("c.srt")


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../b"])
def test_no_path_leads_out_of_the_data(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="no path inside"):
        Folder(tmp_path, tmp_path / "unpacked").find(name)


def test_a_broken_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "videos.zip").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(DataError, match=r"videos.zip: not a zip archive"):
        Folder(tmp_path, tmp_path / "unpacked").find("a.mp4")


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


@pytest.mark.usefixtures("offline")
def test_an_alias_is_read_when_the_id_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`datasets` reads a folder like a repository, so that no network is needed here."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    table = datasets.Dataset.from_list([{**row, "image": Image.new("RGB", (2, 2))} for row in ROWS])
    (tmp_path / "moved").mkdir()
    table.cast_column("image", datasets.Image()).to_parquet(tmp_path / "moved" / "test-00000-of-00001.parquet")
    columns = {**ONE.data.columns, "image": "image"}
    moved = Data(("nobody/nothing", str(tmp_path / "moved")), ("test",), columns)
    rows = read(replace(ONE, data=moved), None)
    assert [row["n"] for row in rows] == [0, 1, 2]
    assert rows[0]["image"]["bytes"].startswith(b"\x89PNG")


@pytest.mark.usefixtures("offline")
def test_a_dataset_out_of_reach_is_told_with_what_to_do() -> None:
    gated = replace(ONE, data=replace(ONE.data, hub_ids=("nobody/sums", "nobody/moved"), gated=True))
    with pytest.raises(DataError) as refused:
        read(gated, None)
    said = str(refused.value)
    assert said.startswith("sums: default/test cannot be read from the Hub (nobody/sums: ")
    assert "nobody/moved: " in said and said.endswith("put the data under DIR/sums and pass --data DIR")
    assert "accept the terms at huggingface.co/datasets/nobody/sums and set HF_TOKEN" in said


FILE = {"type": "file", "path": "test.jsonl", "size": 1000, "oid": "b" * 40}
COMMIT = "a" * 40


class BreaksOff(BaseHTTPRequestHandler):
    """A Hub with one dataset of one file, which it never sends."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        self._say([FILE] if b"test.jsonl" in asked else [])

    def do_GET(self) -> None:
        if "/tree/" in self.path:
            self._say([FILE])
        elif "/resolve/" not in self.path:
            self._say({"id": "nobody/sums", "sha": COMMIT, "siblings": [{"rfilename": "test.jsonl"}], "tags": []})
        elif "test.jsonl" in self.path:
            self._head(200, 1000, ETag='"1"')
        else:
            self._head(404, 0, **{"X-Error-Code": "EntryNotFound"})

    def _say(self, value: Any) -> None:
        body = json.dumps(value).encode()
        self._head(200, len(body))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: int, length: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"X-Repo-Commit": COMMIT, "Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def broken_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", 0), BreaksOff) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setattr(datasets.config, "HF_ENDPOINT", url)
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", url)
        files = url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", files)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
        monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
        yield
        server.shutdown()


@pytest.mark.usefixtures("broken_hub")
def test_a_download_that_breaks_off_is_told() -> None:
    with pytest.raises(DataError, match=r"default/test cannot be read from the Hub .*closed connection.* --data DIR"):
        read(ONE, None)
