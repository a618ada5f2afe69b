"""Corrections end to end without a command line: judged in the real sandbox, stored when they pass, used from then on."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from summaries import summarise
from treadle.coding.ask import Options, Tools
from treadle.coding.correct import Corrected, correct, draft_to_correct, on_data, on_database
from treadle.coding.corrections import corrections_pack, export_pack
from treadle.coding.shots import data_examples
from treadle.engines.scripted import ScriptedEngine
from treadle.errors import DataError, UnknownNameError, UsageError
from treadle.prompts import preamble
from treadle.retrieval import Pack, Search, builtin_packs, load_pack
from treadle.sandbox import Sandbox
from treadle.threads import open_store
from treadle.threads.base import Basis, Correction, Store
from treadle.types import (
    Completion,
    DataSummary,
    Draft,
    EngineIdentity,
    Outcome,
    Program,
    Prompt,
    Request,
    Rung,
    Table,
)

MEAN = '\n    value = events["x"].mean()\n    print(f"METRIC: mean={value}")\n'
MEDIAN = """import pandas as pd

t = pd.read_csv("table.csv")
# half lie below
middle = t.y.median()
print(f"METRIC: middle={middle}")
"""
REQUEST = "What is the median of y?"


class Correcting:
    """Corrects the newest thread."""

    def __init__(self, asking: Any) -> None:
        self.asking, self.store, self.sandbox = asking, asking.store, asking.sandbox

    def tools(self, packs: tuple[Pack, ...] = ()) -> Tools:
        return Tools(engine=ScriptedEngine([]), sandbox=self.sandbox, store=self.store, packs=packs)

    def __call__(self, program: str, *, draft: str | None = None, data: Path | None = None, note: str = "") -> Corrected:
        record = self.asking.thread()
        failing = draft_to_correct(record, draft)
        return correct(record, on_data(record.request, self.sandbox, data), program, self.tools(), Options(), failing, note)


@pytest.fixture
def correcting(asking: Any) -> Correcting:
    return Correcting(asking)


@pytest.fixture
def asked(asking: Any, table: Path) -> str:
    """A thread whose answer is the wrong quantity of the wrong column."""
    return str(asking(REQUEST, [MEAN], data=table).thread)


def shots(correcting: Correcting, request: str, path: Path, packs: list[Pack]) -> list[Any]:
    data = summarise(path)
    search = Search(e for pack in packs for e in pack.examples)
    opening = preamble(data, data.tables[0], wide=False)
    return list(data_examples(search, packs, request, data, opening, correcting.sandbox, 4).examples)


# ---------------------------------------------------------------------------------------------------- accepted


def test_what_passes_becomes_an_example(correcting: Correcting, asked: str, table: Path, store: Store) -> None:
    done = correcting(MEDIAN, note="the mean of x was given")
    assert (done.example, done.reason, done.replaced, done.draft) == (f"{asked}.1", "", None, "0.0")
    (example,) = store.examples()
    assert (example.request, example.kind, example.language, example.data) == (REQUEST, "data", "python", "table.csv")
    assert example.body == '# half lie below\nmiddle = events["y"].median()\nprint(f"METRIC: middle={middle}")\n'
    assert example.program.endswith(f'events = pd.read_csv("table.csv")\n\n{example.body}')
    basis = store.basis(example.id)
    assert basis.metrics == {"middle": 30.5}
    assert basis.data is not None
    assert basis.data.path == str(table)
    assert [c.name for c in basis.data.tables[0].columns] == ["y"]
    (pair,) = store.pairs(asked)
    assert (pair.chosen, pair.note, pair.draft) == (MEDIAN, "the mean of x was given", "0.0")
    assert pair.rejected.endswith('print(f"METRIC: mean={value}")\n')
    assert pair.reason.startswith("doubted: ")


def test_an_example_is_run_as_it_is_kept(correcting: Correcting, asked: str, table: Path, store: Store) -> None:
    correcting(MEDIAN)
    run = correcting.sandbox.run(Program(source=store.examples()[0].program), [table])
    assert run.stdout == "METRIC: middle=30.5\n"


def test_a_program_that_opens_the_file_its_own_way_is_kept_whole(correcting: Correcting, asked: str, store: Store) -> None:
    program = (
        'import csv\nys = [int(r["y"]) for r in csv.DictReader(open("table.csv"))]\nprint(f"METRIC: m={sorted(ys)[4]}")\n'
    )
    done = correcting(program)
    assert store.examples()[0].body == store.examples()[0].program == program
    assert "opens table.csv in a way of its own" in done.notes[0]


def test_doubts_are_told_and_refuse_nothing(correcting: Correcting, asked: str, store: Store) -> None:
    done = correcting(MEDIAN.replace("t.y.median()", "t.x.max()"))
    assert done.example is not None
    assert done.candidate.doubts
    assert store.basis(done.example).doubts == done.candidate.doubts


def test_a_second_correction_takes_the_place_of_the_first(correcting: Correcting, asked: str, store: Store) -> None:
    first = correcting(MEDIAN)
    second = correcting(MEDIAN.replace("median()", "quantile(0.5)"))
    assert (second.example, second.replaced) == (f"{asked}.2", first.example)
    assert [e.id for e in store.examples()] == [second.example]
    assert [p.state for p in store.pairs(asked)] == ["replaced", "active"]
    with pytest.raises(UsageError, match=rf"is the correction of thread {asked} already \(example {asked}\.2\)"):
        correcting(MEDIAN.replace("median()", "quantile(0.5)") + "# again\n")
    assert correcting(MEDIAN).example == f"{asked}.3", "going back to the first is another correction"


def test_functions(asking: Any, correcting: Correcting, store: Store) -> None:
    asking("Write double(x): twice x. double(2) == 4, double(3) == 6", ["\n    return x + 2\n"])
    done = correcting("def double(x):\n    return x * 2\n")
    assert done.candidate.met == 2
    (example,) = store.examples()
    assert (example.kind, example.data) == ("function", None)
    assert example.program == example.body == 'def double(x):\n    """Write double(x): twice x."""\n    return x * 2\n'
    assert store.pairs()[0].reason.startswith("met expectations: double(3)")
    assert [c.text for c in store.basis(example.id).calls] == ["double(2) == 4", "double(3) == 6"]


# ----------------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("program", "rung", "told"),
    [
        ("def double(x:\n", Rung.PARSED, "line 1"),
        ("import nunpy\ndef double(x):\n    return x * 2\n", Rung.NAMES, "nunpy"),
        ("def double(x):\n    return x * 2\nprint(1 / 0)\n", Rung.RAN, "ZeroDivisionError"),
        ("def double(x):\n    return x + 2\nprint('other')\n", Rung.EXPECTATIONS, "double(3)"),
        ("def twice(x):\n    return 2 * x\n", None, ""),
    ],
)
def test_what_fails_is_refused_with_the_reason(
    asking: Any, correcting: Correcting, store: Store, program: str, rung: Rung | None, told: str
) -> None:
    thread = asking("Write double(x): twice x. double(2) == 4, double(3) == 6", ["\n    return x + 2\n"]).thread
    done = correcting(program)
    assert done.example is None
    assert told in done.reason
    failed = [v.rung for v in done.candidate.verdicts if v.outcome is Outcome.FAILED]
    assert rung in (None, *failed[:1])
    assert failed
    assert store.examples(every=True) == store.pairs() == store.feedback(thread) == []


def test_the_expectations_of_the_request_hold_for_corrections_too(
    asking: Any, correcting: Correcting, table: Path, store: Store
) -> None:
    from treadle.coding.expectations import parse_expect

    asking(REQUEST, [MEAN], data=table, expectations=[parse_expect("middle == 31")])
    assert correcting(MEDIAN).reason.startswith("met expectations: middle")
    assert store.examples() == []


@pytest.mark.parametrize("program", ["", " \n\n"])
def test_an_empty_program(correcting: Correcting, asked: str, program: str) -> None:
    with pytest.raises(UsageError, match="the corrected program is empty"):
        correcting(program)


def test_the_same_program_again(correcting: Correcting, asked: str, store: Store) -> None:
    program = store.load(asked).drafts[0].program
    assert program is not None
    with pytest.raises(UsageError, match=rf"same program as draft 0\.0.*treadle threads rate {asked} --good"):
        correcting(f"# layout only\n{program}\n\n")


# --------------------------------------------------------------------------------------------- drafts and data


def test_which_draft_is_corrected(asking: Any, correcting: Correcting, table: Path, store: Store) -> None:
    other = '\n    print("METRIC: mean=", 1 / 0)\n'
    asking(REQUEST, [MEAN, other, "I do not know."], data=table)
    assert correcting(MEDIAN, draft="0.1").draft == "0.1"
    assert store.pairs()[0].reason.startswith("ran: ")
    with pytest.raises(UnknownNameError, match=r"unknown draft of thread .* '0\.7'\. Did you mean"):
        correcting(MEDIAN, draft="0.7")


def test_a_draft_without_a_program(asking: Any, correcting: Correcting, store: Store) -> None:
    engine = ScriptedEngine([["I am sorry."]])
    asking("Write double(x): twice x. double(2) == 4", engine=engine)
    done = correcting("def double(x):\n    return x * 2\n")
    assert done.example is not None
    assert store.pairs()[0].rejected


def test_a_thread_without_an_answer(asking: Any, correcting: Correcting, store: Store) -> None:
    engine = ScriptedEngine([["\n    return x + 2\n"]])
    with pytest.raises(Exception, match="batches"):  # the script ends where the repair begins
        asking("Write double(x): twice x. double(2) == 4, double(3) == 6", engine=engine, repairs=1)
    with pytest.raises(UsageError, match=r"has no answer; say which draft you correct: --draft 0\.0"):
        correcting("def double(x):\n    return x * 2\n")
    assert correcting("def double(x):\n    return x * 2\n", draft="0.0").example is not None


def test_a_thread_without_a_draft(asking: Any, correcting: Correcting) -> None:
    with pytest.raises(Exception, match="batches"):
        asking(REQUEST, engine=ScriptedEngine([]))
    with pytest.raises(UsageError, match=r"has no draft to correct \(EngineError: .*\); ask again"):
        correcting("x = 1\n")


def test_data_that_changed_or_moved(correcting: Correcting, asked: str, table: Path, store: Store, tmp_path: Path) -> None:
    text = table.read_text(encoding="utf-8")
    table.write_text(f"{text}11,1000\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"table\.csv' has changed .*then, .*now.* --data FILE; naming the same file takes it"
    ):
        correcting(MEDIAN)
    assert correcting(MEDIAN, data=table).example is not None
    assert store.basis(f"{asked}.1").metrics == {"middle": 36.0}
    table.rename(tmp_path / "tables.csv")
    with pytest.raises(DataError, match=r"no data file .*Did you mean 'tables\.csv'\? .*--data FILE"):
        correcting(MEDIAN.replace("half", "50 %"))
    moved = tmp_path / "moved" / "table.csv"
    moved.parent.mkdir()
    moved.write_text(text, encoding="utf-8")
    assert correcting(MEDIAN.replace("median()", "quantile(0.5)"), data=moved).example == f"{asked}.2"
    assert store.basis(f"{asked}.2").data.path == str(moved)  # type: ignore[union-attr]


def test_data_for_a_request_without_any(asking: Any, correcting: Correcting, table: Path) -> None:
    asking("Write double(x): twice x. double(2) == 4", ["\n    return x\n"])
    with pytest.raises(UsageError, match="asked without a data file; leave out --data"):
        correcting("def double(x):\n    return x * 2\n", data=table)


def test_databases_are_compared_by_their_hash(asked: str, correcting: Correcting, table: Path) -> None:
    request = replace(correcting.asking.thread().request, language="sql")
    now = replace(summarise(table), sha256="0" * 64)
    with pytest.raises(DataError, match="has changed"):
        on_database(request, now)
    assert on_database(request, now, given=True).data == now
    assert on_database(request, request.data).data == request.data


# -------------------------------------------------------------------------------------------------- being used


def test_the_next_request_in_other_words_is_shown_the_correction_first(
    correcting: Correcting, asked: str, table: Path, store: Store
) -> None:
    packs = builtin_packs()
    before = shots(correcting, "Find the median value that y takes.", table, packs)
    assert all(e.pack != "corrections" for e in before)
    correcting(MEDIAN)
    first, *_ = shots(correcting, "Find the median value that y takes.", table, [corrections_pack(store), *packs])
    assert first.pack == "corrections"
    assert first.body.startswith("# half lie below")
    assert first.why.startswith(f"correction of thread {asked}, similarity 0.")


def test_it_moves_onto_another_file(correcting: Correcting, asked: str, table: Path, store: Store, tmp_path: Path) -> None:
    """Its own file may be gone: what it was made on stands in the store."""
    correcting(MEDIAN)
    table.unlink()
    other = tmp_path / "other.csv"
    other.write_text("a,b\n" + "".join(f"{i},{100 - i}\n" for i in range(9)), encoding="utf-8")
    (example,) = shots(correcting, "What is the median of b?", other, [corrections_pack(store)])
    assert example.request == "What is the median of b?"
    assert 'middle = events["b"].median()' in example.body
    assert correcting.sandbox.run(Program(source=example.program), [other]).stdout == "METRIC: middle=96.0\n"


def test_a_removed_correction_is_shown_no_more(correcting: Correcting, asked: str, table: Path, store: Store) -> None:
    correcting(MEDIAN)
    store.remove_example(asked)
    assert corrections_pack(store).examples == ()


def test_a_doubted_correction_is_shown_for_nearly_its_own_request(
    asking: Any, correcting: Correcting, table: Path, store: Store
) -> None:
    """The user's word stands against a rule's: 'the middle' is the largest here."""
    asking("What is the median of y?", [MEAN], data=table)
    correcting(MEDIAN.replace("median()", "max()"))
    packs = [corrections_pack(store), *builtin_packs()]
    assert shots(correcting, "What is the median value of y?", table, packs)[0].pack == "corrections"


def test_the_answer_to_the_next_request_uses_it(
    asking: Any, correcting: Correcting, asked: str, table: Path, store: Store
) -> None:
    correcting(MEDIAN)
    asking("Which is the median that y has?", [MEAN], data=table, packs=[corrections_pack(store)])
    prompt = asking.thread().prompts[0]
    part = next(p for p in prompt.parts if p.name == f"example corrections/{asked}.1")
    assert part.source.startswith(f"correction of thread {asked}, similarity ")
    assert "# half lie below" in asking.sent()[0]
    assert f"corrections/{asked}.1" in asking.thread().answer.card["examples"]


def test_functions_are_shown_too(asking: Any, correcting: Correcting, store: Store) -> None:
    asking("Write double(x): twice x. double(2) == 4, double(3) == 6", ["\n    return x + 2\n"])
    correcting("def double(x):\n    return x * 2\n")
    packs = [corrections_pack(store), *builtin_packs()]
    asking("Write two_times(y): y taken twice. two_times(1) == 2", ["\n    return y\n"], packs=packs)
    assert "def double(x):" in asking.sent()[0]


# ---------------------------------------------------------------------------------------------------- stopping


@pytest.mark.parametrize("stop", [KeyboardInterrupt, MemoryError])
def test_stopped_while_judging_nothing_is_stored(
    correcting: Correcting, asked: str, store: Store, stop: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sandbox, the real one, is stopped in its second run: the one that tries the form of the example."""
    calls: list[Program] = []
    run: Callable[..., Any] = correcting.sandbox.run

    def stopping(program: Program, *arguments: Any) -> Any:
        calls.append(program)
        if sum("median" in p.source for p in calls) == 2:
            raise stop
        return run(program, *arguments)

    monkeypatch.setattr(correcting.sandbox, "run", stopping)
    with pytest.raises(stop):
        correcting(MEDIAN)
    assert store.examples(every=True) == store.pairs() == store.feedback(asked) == []


# ------------------------------------------------------------------------------------------------------- packs


def run_all(sandbox: Sandbox, pack: Pack) -> dict[str, Any]:
    """As the tests of the packs do: every example on its data, and what it printed against what its header says."""
    found = {}
    for example in pack.examples:
        path = pack.data_path(example)
        calls = [e for e in pack.expectations[example.id] if e.kind == "call"]
        evaluate = f"[{', '.join(e.subject for e in calls)}]" if calls else None
        run = sandbox.run(Program(source=example.program, evaluate=evaluate), [path] if path else [])
        assert run.ok, run.stderr
        assert not calls or run.value == [e.expected for e in calls]
        found[example.request] = run.stdout
    return found


@pytest.fixture
def two_corrections(asking: Any, correcting: Correcting, table: Path) -> None:
    asking(REQUEST, [MEAN], data=table)
    correcting(MEDIAN)
    asking("Write double(x): twice x. double(2) == 4, double(3) == 6", ["\n    return x + 2\n"])
    correcting("def double(x):\n    return x * 2\n# ---\n")


@pytest.mark.usefixtures("two_corrections")
def test_a_pack_with_its_data_runs(correcting: Correcting, store: Store, tmp_path: Path) -> None:
    done = export_pack(store, tmp_path / "my pack!", with_data=True, licence="CC0-1.0")
    assert done.notes == ()
    pack = load_pack(tmp_path / "my pack!")
    assert (pack.name, pack.licence, len(pack.examples)) == ("my-pack", "CC0-1.0", 2)
    assert run_all(correcting.sandbox, pack)[REQUEST] == "METRIC: middle=30.5\n"
    expected = {e.subject: e.expected for found in pack.expectations.values() for e in found}
    assert expected == {"middle": 30.5, "double(2)": 4, "double(3)": 6}
    assert sorted(p.name for p in (tmp_path / "my pack!").iterdir()) == ["data", "examples", "pack.toml"]
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")], "nothing half written is left"


@pytest.mark.usefixtures("two_corrections")
def test_a_pack_without_data_describes_them_and_serves_other_files(
    correcting: Correcting, store: Store, table: Path, tmp_path: Path
) -> None:
    export_pack(store, tmp_path / "shared")
    text = "".join(p.read_text(encoding="utf-8") for p in (tmp_path / "shared").rglob("*") if p.is_file())
    assert "," not in json.loads((tmp_path / "shared" / "tables" / "table.csv.json").read_text())[0]["columns"][0]["name"]
    assert str(table) not in text
    assert not (tmp_path / "shared" / "data").exists()
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n3,4\n5,9\n", encoding="utf-8")
    pack = load_pack(tmp_path / "shared")
    (example,) = shots(correcting, "What is the median of a?", other, [pack])
    assert correcting.sandbox.run(Program(source=example.program), [other]).stdout == "METRIC: middle=3.0\n"
    assert example.why.startswith("pack shared, similarity ")


@pytest.mark.usefixtures("two_corrections")
def test_data_that_cannot_be_copied_are_told(store: Store, table: Path, tmp_path: Path) -> None:
    table.write_text("changed", encoding="utf-8")
    done = export_pack(store, tmp_path / "pack", with_data=True)
    assert len(done.pack.examples) == 2
    assert any("table.csv is gone or has changed" in note for note in done.notes)


def test_large_data_are_told(
    asking: Any, correcting: Correcting, table: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treadle.coding.corrections.LARGE_BYTES", 50)
    asking(REQUEST, [MEAN], data=table)
    correcting(MEDIAN)
    assert export_pack(store, tmp_path / "pack", with_data=True).notes == ("data/table.csv is large: 0.0 MB",)


def test_two_files_of_one_name(asking: Any, correcting: Correcting, table: Path, store: Store, tmp_path: Path) -> None:
    asking(REQUEST, [MEAN], data=table)
    older = correcting(MEDIAN).example
    other = tmp_path / "other" / "table.csv"
    other.parent.mkdir()
    other.write_text("x,y\n1,2\n3,4\n5,9\n", encoding="utf-8")
    asking("What is the median of x?", ['\n    print("METRIC: a=1")\n'], data=other)
    correcting(MEDIAN.replace("t.y", "t.x"))
    done = export_pack(store, tmp_path / "pack", with_data=True)
    assert [e.request for e in done.pack.examples] == ["What is the median of x?"]
    assert done.notes == (f"{older} is left out: it was made on another file that is called table.csv, too",)


def test_where_a_pack_cannot_be_written(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no correction to export"):
        export_pack(store, tmp_path / "pack")


@pytest.mark.usefixtures("two_corrections")
def test_a_folder_that_holds_something_is_left_alone(store: Store, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "file").touch()
    for name in ("full", "file"):
        with pytest.raises(UsageError, match="not an empty folder; name a new one"):
            export_pack(store, tmp_path / name)
    with pytest.raises(UsageError, match="cannot write the pack to"):
        export_pack(store, tmp_path / "file" / "pack")
    (tmp_path / "empty").mkdir()
    assert export_pack(store, tmp_path / "empty").pack.name == "empty"
    assert export_pack(store, tmp_path / "corrections").pack.name == "corrections-pack", "that name is the store's own"


LINES = ("SELECT 1", "-- ---", "  -- ---  ", "# ---", "", "x = '\x0c\u2028'", "-- request: other", "FROM t;", "ü \t")


@settings(deadline=None, max_examples=25)
@given(
    lines=st.lists(st.sampled_from(LINES), min_size=1, max_size=6),
    request=st.text(min_size=1, max_size=40).filter(lambda text: text.split()),
)
def test_what_is_exported_is_what_loads(lines: list[str], request: str) -> None:
    """Whatever the statement and the question hold; only lines that would part the file are changed."""
    program = "\n".join(["SELECT", *lines, "END"])
    with tempfile.TemporaryDirectory() as folder, closing(open_store(Path(folder) / "t.sqlite")) as store:
        thread = store.begin(Request(text=request), EngineIdentity(name="e", backend="b", model="m"), {})
        store.add_prompt(thread, Prompt(messages=()))
        store.add_drafts(thread, 0, [Draft(id="0.0", completion=Completion(text="x"), program="x")])
        data = DataSummary(
            path="/x/a b.sqlite", kind="sqlite", sha256="0", size_bytes=1, tables=(Table(name="t", columns=()),)
        )
        made = Correction(
            draft="0.0",
            rejected="x",
            reason="r",
            chosen=program,
            request=request,
            language="sql",
            kind="sql",
            program=program,
            body=program,
            basis=Basis(data=data, metrics={"rows": 3.0}),
            tags=("sqlite",),
            dialect="sqlite",
        )
        store.add_correction(thread, made)
        (example,) = export_pack(store, Path(folder) / "pack").pack.examples
    parted = [line for line in program.split("\n") if not line.strip().startswith("-- ---")]
    assert [line for line in example.body.split("\n") if line not in ("-- --", "  -- ---  ")] == parted
    assert example.tags == ("sqlite",)
    assert example.request.split() == request.encode("utf-8", "backslashreplace").decode().split()


def test_tables_of_many_corrections_are_read_when_they_are_needed(
    correcting: Correcting, asked: str, store: Store, tmp_path: Path
) -> None:
    correcting(MEDIAN)
    pack = corrections_pack(store)
    with closing(sqlite3.connect(tmp_path / "threads.sqlite", isolation_level=None)) as connection:
        connection.execute("UPDATE examples SET basis_body = x'00'")
    name = f"corrections/{asked}.1"
    assert name in pack.tables
    assert list(pack.tables) == [name]
    assert len(pack.tables) == 1
    with pytest.raises(Exception, match="damaged"):
        pack.tables[name]
