"""``treadle train adapter``: from a pack's examples and one's own corrections to an adapter that the engines load."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from treadle.errors import UnknownNameError, UsageError
from treadle.escaping import escaped

if TYPE_CHECKING:
    from treadle.retrieval import Pack
    from treadle.synthesis.packs import Taken

__all__ = ["train_adapter"]

ROWS = "rows.jsonl"


def train_adapter(
    pack: Annotated[
        list[str], typer.Option("--pack", help="A built-in pack's name or a folder; can be repeated.", show_default=False)
    ],
    rows: Annotated[
        list[Path] | None, typer.Option("--rows", help="More rows, as `train data` makes them; can be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The folder of the run (default: adapters/PACK).")] = None,
    model: Annotated[str, typer.Option("--model", help="What is trained: a name or a .gguf file.")] = "smollm2",
    epochs: Annotated[float, typer.Option("--epochs", min=0.01, help="How often every example is read.")] = 4.0,
    rank: Annotated[int, typer.Option("--rank", min=1, help="Of the adapter: its size and what it can learn.")] = 16,
    rate: Annotated[float, typer.Option("--rate", min=0.0, help="The learning rate.")] = 5e-4,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same adapter.")] = 0,
    no_corrections: Annotated[bool, typer.Option("--no-corrections", help="Leave out what the store has.")] = False,
    store: Annotated[Path | None, typer.Option("--store", help="SQLite file with the threads.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run, from its last checkpoint.")] = False,
    device: Annotated[str, typer.Option("--device", help="Where to compute: cpu, cuda, cuda:1, mps.")] = "cpu",
) -> None:
    """Train an adapter on the examples of packs and on your corrections."""
    from treadle.commands.train import StepBar, needs_torch, report, telling_what_is_kept
    from treadle.settings import load_settings

    with needs_torch():
        from treadle.training.recipe import DataPart, LoraPart, ModelPart, Recipe, TrainPart
        from treadle.training.sft import sft

        settings = load_settings()
        folder = (out or settings.store.expanduser().parent / "adapters" / Path(pack[0]).name).absolute()
        if not (resume and (folder / ROWS).is_file()):
            if (folder / "checkpoint.pt").exists():
                raise UsageError(f"{folder} holds a run already; go on with it by --resume, or name another folder")
            with telling_what_is_kept(folder):
                _write_rows(_packs(pack), folder, model, None if no_corrections else store or settings.store)
        others = tuple(str(path.expanduser().absolute()) for path in rows or ())
        recipe = Recipe(
            run=".",
            model=ModelPart(base=model),
            lora=LoraPart(rank=rank, alpha=2.0 * rank),
            data=DataPart(train=(ROWS, *others), share_held_out=0.02 if others else 0.0),
            train=TrainPart(epochs=epochs, learning_rate=rate, seed=seed, warm_up=10, evaluate_every=50 if others else 0),
        )
        with telling_what_is_kept(folder), StepBar() as shown:
            outcome = sft(recipe, folder, settings, device=device, resume=resume, on_begin=shown.begin, on_step=shown.step)
    report(outcome)
    typer.echo(escaped(f"use it: --engine llama:{model}+{folder / 'adapter.gguf'}"))


def _packs(names: list[str]) -> list[Pack]:
    """The packs of these names or folders.

    Raises:
        UnknownNameError: neither a built-in pack nor a folder.
        PackError: a folder holds no pack.
    """
    from treadle.retrieval import builtin_packs, load_pack

    known = {pack.name: pack for pack in builtin_packs()}
    for name in names:
        if name not in known and not Path(name).is_dir():
            raise UnknownNameError("pack", name, known, "A folder with a pack of your own can be given instead.")
    return [known[name] if name in known else load_pack(Path(name)) for name in names]


def _write_rows(packs: list[Pack], folder: Path, model: str, store: Path | None) -> None:
    """Write the rows of the packs, and of the corrections in ``store``, into ``folder``, and say what they are of."""
    from treadle import compose
    from treadle.coding.corrections import corrections_pack
    from treadle.synthesis.packs import Taken, rows_of_packs
    from treadle.synthesis.rows import write_rows
    from treadle.synthesis.writer import PromptWriter, writing_tools

    file = compose.model_file(model)
    taken = Taken()
    path = None if store is None else store.expanduser()
    own = path if path is not None and path.is_file() else None
    with writing_tools(PromptWriter.of_model(file), [], own) as tools:
        every = [*([corrections_pack(tools.store)] if own is not None else []), *packs]
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot make the folder {folder}: {error.strerror}") from error
        write_rows(rows_of_packs(every, tools, taken), folder / ROWS)
    typer.echo(escaped(_told(taken)))
    if not taken.rows.total():
        raise UsageError("there is nothing to train on: no example of these packs can be asked for as it stands")


def _told(taken: Taken) -> str:
    """What became rows and what did not, in words."""
    lines = [", ".join(f"{count} examples of {name}" for name, count in taken.rows.items()) or "no example"]
    lines += [f"left out, {count}: {reason}" for reason, count in taken.left_out.most_common()]
    return "\n".join(lines)
