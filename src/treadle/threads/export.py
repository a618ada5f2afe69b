"""A thread as one JSON document, and back.

The document has ``format`` ('treadle-thread'), ``version`` (1), ``treadle`` (the version that wrote it), ``thread`` (id,
created, state, status, interruption), ``request``, ``engine``, ``options``, ``prompts``, ``drafts`` (each with ``prompt``,
the index of the prompt it was drawn from), ``verdicts`` and ``runs`` (by draft; each run with its ``purpose``),
``feedback``, ``answer`` (or null) and ``card`` (the answer's provenance card). It is strict JSON; artifacts are base64.
``treadle.threads.forms`` and ``plain`` describe the forms inside.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from treadle import __version__
from treadle.errors import DataError, StoreVersionError
from treadle.threads.base import Feedback, ThreadInfo, ThreadRecord
from treadle.threads.forms import from_plain, to_plain
from treadle.types import Answer, Draft, EngineIdentity, Prompt, Request, Run, Verdict

__all__ = ["FORMAT", "VERSION", "read_export", "to_document"]

FORMAT = "treadle-thread"
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    id: str
    created: str
    state: str
    status: str | None = None
    interruption: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _DrawnDraft(Draft):
    prompt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _PurposedRun(Run):
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    format: str
    version: int
    treadle: str
    thread: _Head
    request: Request
    engine: EngineIdentity
    options: Mapping[str, Any]
    prompts: tuple[Prompt, ...]
    drafts: tuple[_DrawnDraft, ...]
    verdicts: Mapping[str, tuple[Verdict, ...]]
    runs: Mapping[str, tuple[_PurposedRun, ...]]
    feedback: tuple[Feedback, ...] = ()
    answer: Answer | None
    card: Mapping[str, Any] = field(default_factory=dict)


def to_document(record: ThreadRecord) -> dict[str, Any]:
    """The JSON document of a thread. The answer's card stands beside the answer, not inside it."""
    info, answer = record.info, record.answer
    document: dict[str, Any] = to_plain(
        _Document(
            format=FORMAT,
            version=VERSION,
            treadle=__version__,
            thread=_Head(
                id=info.id,
                created=info.created,
                state=info.state,
                status=info.status,
                interruption=record.interruption,
            ),
            request=record.request,
            engine=record.engine,
            options=record.options,
            prompts=record.prompts,
            drafts=tuple(_DrawnDraft(prompt=record.prompt_of[d.id], **_fields(d)) for d in record.drafts),
            verdicts=record.verdicts,
            runs={d: tuple(_PurposedRun(purpose=p, **_fields(r)) for p, r in runs) for d, runs in record.runs.items()},
            feedback=record.feedback,
            answer=answer,
            card=answer.card if answer else {},
        )
    )
    if document["answer"] is not None:
        del document["answer"]["card"]
    return document


def read_export(source: Path | str | Mapping[str, Any]) -> ThreadRecord:
    """The thread in an exported document: the path of a JSON file, or the document itself.

    Raises:
        StoreVersionError: a newer treadle wrote the document.
        DataError: the file is missing, cut off, no JSON, or no exported thread.
        UsageError: something inside has the wrong form; the message says where.
    """
    origin = "the document" if isinstance(source, Mapping) else str(source)
    raw = source if isinstance(source, Mapping) else _read_json(Path(source))
    _check_header(raw, origin)
    document = from_plain(_Document, raw)
    answer = document.answer
    head = document.thread
    return ThreadRecord(
        info=ThreadInfo(
            id=head.id,
            created=head.created,
            request=document.request.text,
            state=head.state,
            status=head.status,
            engine=document.engine.name,
        ),
        request=document.request,
        engine=document.engine,
        options=document.options,
        prompts=document.prompts,
        drafts=tuple(Draft(**_fields(d, Draft)) for d in document.drafts),
        verdicts=document.verdicts,
        runs={draft: tuple((r.purpose, Run(**_fields(r, Run))) for r in runs) for draft, runs in document.runs.items()},
        answer=dataclasses.replace(answer, card=document.card) if answer else None,
        prompt_of=_prompt_of(document, origin),
        interruption=head.interruption,
        feedback=document.feedback,
    )


# ------------------------------------------------------------------------------------------------------- helpers


def _fields(obj: Any, kind: type | None = None) -> dict[str, Any]:
    """The fields of a dataclass by name, not copied; only those of its base ``kind`` where one is given."""
    return {f.name: getattr(obj, f.name) for f in dataclasses.fields(kind or obj)}


def _prompt_of(document: _Document, origin: str) -> dict[str, int]:
    prompts = len(document.prompts)
    for draft in document.drafts:
        if not 0 <= draft.prompt < prompts:
            raise DataError(f"{origin}: draft {draft.id} names prompt {draft.prompt}, but there are {prompts}")
    return {draft.id: draft.prompt for draft in document.drafts}


def _check_header(document: Any, origin: str) -> None:
    form = document.get("format") if isinstance(document, Mapping) else None
    if form != FORMAT:
        raise DataError(f"{origin} is not an exported thread: its 'format' is {form!r}, expected {FORMAT!r}")
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise DataError(f"{origin}: 'version' is {version!r}, expected a number from 1 to {VERSION}")
    if version > VERSION:
        writer = document.get("treadle", "a newer one")
        raise StoreVersionError(
            f"{origin} has version {version} of the form {FORMAT!r}, written by treadle {writer}; this is treadle "
            f"{__version__}, which reads up to version {VERSION}. Upgrade treadle (pip install --upgrade treadle)."
        )


def _read_json(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read the exported thread {path}: {error}") from None
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_no_duplicates)
    except json.JSONDecodeError as error:
        if error.msg.startswith("Unterminated string") or error.pos >= len(text.rstrip()):
            raise DataError(f"{path} is cut off: the JSON ends unfinished after {len(text):,} characters") from None
        raise DataError(f"{path} is not JSON: {error}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not strict JSON: {error}") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON number")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands twice in one object")
    return found
