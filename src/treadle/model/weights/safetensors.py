"""safetensors files: one, or several with an index, read into a transformer; and one written from it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from treadle.errors import ModelFileError
from treadle.model.config import ModelConfig
from treadle.model.transformer import Transformer
from treadle.model.weights.assemble import assemble
from treadle.model.weights.huggingface import config_from_json, read_json
from treadle.model.weights.names import Part, layout

__all__ = ["INDEX", "SINGLE", "SafetensorsFiles", "read_folder", "tensors_of"]

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
_PREFIXES = ("model.", "transformer.")
"""Files of a model without its output layer leave these out."""


def read_folder(folder: Path, dtype: torch.dtype = torch.float32) -> Transformer:
    """The transformer of a Hugging Face folder: ``config.json``, and safetensors files, one or many.

    Raises:
        ModelFileError: a file is missing, truncated, or not of a known family; see ``assemble``.
    """
    path = folder / "config.json"
    config = config_from_json(read_json(path), path)
    return assemble(config, layout(config, "huggingface"), SafetensorsFiles(folder), dtype)


def tensors_of(model: Transformer, config: ModelConfig) -> dict[str, Tensor]:
    """The weights under the names and in the shapes of Hugging Face's files."""
    state, found = model.state_dict(), {}
    for name, parts in layout(config, "huggingface").items():
        rows = state[name].split([part.shape[0] for part in parts])
        for part, piece in zip(parts, rows, strict=True):
            found[part.name] = (piece.T if part.turned else piece).contiguous().to("cpu")
    return found


class SafetensorsFiles:
    """The tensors of a folder's safetensors files. Files are mapped into memory by the library."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: dict[Path, Any] = {}
        self._where = dict(self._find())
        short = not any(name.startswith(_PREFIXES) for name in self._where)
        self._real = {f"{prefix}{name}" if short else name: name for name in self._where for prefix in self._prefixes(name)}

    @property
    def path(self) -> Path:
        return self._folder

    def names(self) -> Iterable[str]:
        return self._real

    def shape(self, name: str) -> tuple[int, ...]:
        with self._errors(name):
            return tuple(self._slice(name).get_shape())

    def read(self, part: Part, into: Tensor) -> None:
        with self._errors(part.name):
            found: Tensor = self._open(self._where[self._real[part.name]]).get_tensor(self._real[part.name])
        if not found.is_floating_point():
            raise ModelFileError(
                f"tensor {part.name!r} of {self._folder} holds {str(found.dtype).removeprefix('torch.')} numbers, in a "
                "quantised form that is not known here. Floating point can be read, and quantised GGUF files"
            )
        into.copy_(found.T if part.turned else found)

    def _prefixes(self, name: str) -> tuple[str, ...]:
        if any(known.startswith(_PREFIXES) for known in self._where) or name.startswith("lm_head"):
            return ("",)
        return ("transformer.",) if name.startswith(("wte", "wpe", "h.", "ln_f")) else ("model.",)

    def _find(self) -> Iterable[tuple[str, Path]]:
        index, single = self._folder / INDEX, self._folder / SINGLE
        if index.is_file():
            table = read_json(index).get("weight_map")
            if not isinstance(table, Mapping):
                raise ModelFileError(f"{index} has no object 'weight_map'")
            for name, file in table.items():
                path = self._folder / str(file)
                if path.parent != self._folder:
                    raise ModelFileError(f"{index} names the file {file!r}, which lies outside its folder")
                yield name, path
            return
        if not single.is_file():
            others = sorted(p.name for p in self._folder.glob("*.bin")) or ["no weights at all"]
            raise ModelFileError(
                f"{self._folder} has neither {SINGLE} nor {INDEX}, but {', '.join(others[:3])}; weights in pickle files are "
                "not read, because they can run programs: convert them to safetensors"
            )
        for name in self._open(single).keys():  # noqa: SIM118 (it is no mapping)
            yield name, single

    def _open(self, path: Path) -> Any:
        if path not in self._opened:
            from safetensors import safe_open

            with self._errors(path.name):
                self._opened[path] = safe_open(path, framework="pt")
        return self._opened[path]

    def _slice(self, name: str) -> Any:
        real = self._real[name]
        return self._open(self._where[real]).get_slice(real)

    @contextlib.contextmanager
    def _errors(self, what: str) -> Any:
        from safetensors import SafetensorError

        try:
            yield
        except (SafetensorError, OSError) as error:
            raise ModelFileError(f"cannot read {what} of {self._folder}: {error}; the file may be truncated") from error
