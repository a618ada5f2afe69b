"""Prompts from template files: rules, the summary of the data, examples, and the beginning of the answer.

Two styles. Engines that can continue a begun answer (``capabilities.primer``) get a *primer*: a Python file in which every
example is a function whose docstring is its request, ending right after the docstring of the user's own request. A model of
135 M parameters, which answers a chat with prose and invented names, continues such a file in kind; as a session of
statements instead of functions it reused variables of the examples. The primer ends before a newline, because a newline
and the indentation after it are one token of most vocabularies. Other engines get the same parts as a chat message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from textwrap import indent
from typing import TYPE_CHECKING, Any

from treadle.engines.base import Engine
from treadle.types import Draft, Example, LeftOut, Message, Prompt, PromptPart, Window

if TYPE_CHECKING:
    import jinja2

__all__ = ["Ingredients", "build_prompt", "build_repair"]

DATA_STOPS = ("```", "\ndef ", "\n#")
SQL_STOPS = ("```", ";", "\n--", "\n\n")
FUNCTION_STOPS = ("```", "\ndef ", "\n#", "\nprint(", "\nassert ", "\nif __name__", "\n>>>", "\nclass ")

_STOPS = {"data": DATA_STOPS, "function": FUNCTION_STOPS, "sql": SQL_STOPS}
_DIALECTS = {"sqlite": "SQLite", "duckdb": "DuckDB", "postgres": "PostgreSQL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredients:
    """What a prompt is made of.

    ``preamble`` is empty for requests without data. ``signature`` is ``name(parameters)`` where the request gives it, and
    ``calls`` are the example calls of the request with their values, for the docstring: they are shown to the model, but
    never become part of a program that is run. ``dialect`` is that of a database, for questions answered in SQL. ``spare``
    is the next nearest example beyond those wanted: what it would cost is told. ``left_out``: what got no further.
    """

    request: str
    dialect: str = ""
    preamble: str = ""
    summary: str = ""
    examples: tuple[Example, ...] = ()
    signature: str | None = None
    calls: tuple[tuple[str, str], ...] = ()
    spare: Example | None = None
    left_out: tuple[LeftOut, ...] = ()

    @property
    def kind(self) -> str:
        return "sql" if self.dialect else "data" if self.preamble else "function"


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701  (no HTML)
    )
    environment.filters["docstring"] = lambda text: _one_line(text).replace("\\", "\\\\").replace('"""', "'''").rstrip('"')
    environment.filters["comment"] = _one_line
    return environment


def _one_line(text: str) -> str:
    return " ".join(text.split())


def render_template(name: str, **values: Any) -> str:
    """The text of ``templates/<name>.j2`` with ``values`` filled in; a missing value is an error."""
    return _template(name).render(**values)


@lru_cache(maxsize=64)
def _template(name: str) -> jinja2.Template:
    """Compiled once: that takes a hundred times as long as filling one in."""
    source = resources.files("treadle.prompts").joinpath("templates", f"{name}.j2").read_text(encoding="utf-8")
    return _environment().from_string(source)


def build_prompt(engine: Engine, ingredients: Ingredients, budget_tokens: int) -> Prompt:
    """The prompt with as many examples as the budget allows, the nearest (first given) last in the text.

    ``Prompt.parts`` gives every part with its source and token count; the part 'template' is what the chat template and the
    words between the parts cost, so that the counts add up to the whole; an example's count is what it added.
    ``Prompt.window`` says what was left out, and what the next example would cost.
    """
    chosen: list[Example] = []
    costs: list[int] = []
    prompt = _assemble(engine, replace(ingredients, examples=()))
    used, left_out = engine.count_tokens(engine.render(prompt)), list(ingredients.left_out)
    for position, example in enumerate([*ingredients.examples, *([ingredients.spare] if ingredients.spare else [])]):
        larger = _assemble(engine, replace(ingredients, examples=(example, *chosen)))
        needed = engine.count_tokens(engine.render(larger))
        if position == len(ingredients.examples) or needed > budget_tokens:
            left_out += _left_out(ingredients, position, used, needed, budget_tokens)
            break
        chosen.insert(0, example)
        costs.insert(0, needed - used)
        prompt, used = larger, needed
    window = Window(
        budget_tokens=budget_tokens,
        context_tokens=engine.capabilities.context_tokens,
        exact=engine.capabilities.exact_token_counts,
        left_out=tuple(left_out),
    )
    parts = _parts(engine, prompt, replace(ingredients, examples=tuple(chosen)), costs)
    return replace(prompt, parts=parts, window=window)


def _left_out(ingredients: Ingredients, position: int, used: int, needed: int, budget_tokens: int) -> list[LeftOut]:
    """The example at ``position`` with its cost, and how many come behind it."""
    wanted = len(ingredients.examples)
    example = ingredients.examples[position] if position < wanted else ingredients.spare
    assert example is not None
    fits = needed <= budget_tokens
    why = f"with it the prompt would have {needed:,} tokens, and its budget is {budget_tokens:,}"
    if position == wanted:
        why = f"at most {wanted} {'example is' if wanted == 1 else 'examples are'} shown" + ("" if fits else f"; {why}")
    found = [LeftOut(part="example", what=f"example {example.id}", why=why, tokens=needed - used, fits=fits)]
    if behind := wanted - position - 1 if position < wanted else 0:
        what = "one more example" if behind == 1 else f"{behind} more examples"
        found.append(LeftOut(part="example", what=what, why="the nearest come first, up to one that does not fit"))
    return found


def _assemble(engine: Engine, ingredients: Ingredients) -> Prompt:
    values = _values(ingredients)
    if not engine.capabilities.primer:
        content = render_template(f"{ingredients.kind}_chat", **values).strip()
        return Prompt(messages=(Message(role="user", content=content),))
    content = render_template(f"{ingredients.kind}_message", **values).strip()
    primer = render_template(f"{ingredients.kind}_primer", **values).rstrip("\n")
    return Prompt(
        messages=(Message(role="user", content=content),),
        primer=primer,
        program_prefix=_program_prefix(ingredients),
        body_indent=4 if ingredients.kind == "data" else 0,
        stop=_STOPS[ingredients.kind],
    )


def _values(ingredients: Ingredients) -> dict[str, Any]:
    return {
        "rules": _rules(ingredients),
        "request": ingredients.request,
        "preamble": ingredients.preamble.rstrip(),
        "summary": ingredients.summary,
        "examples": ingredients.examples,
        "signature": ingredients.signature,
        "calls": ingredients.calls,
    }


def _rules(ingredients: Ingredients) -> str:
    return render_template(f"{ingredients.kind}_rules", dialect=_DIALECTS.get(ingredients.dialect, "")).strip()


def _program_prefix(ingredients: Ingredients) -> str:
    """The code that every program of this prompt begins with; the docstring carries no example value."""
    if ingredients.kind == "sql":
        return "SELECT"
    if ingredients.kind == "data":
        return ingredients.preamble
    return f"def {ingredients.signature}:" if ingredients.signature else "def"


def _parts(engine: Engine, prompt: Prompt, ingredients: Ingredients, costs: Sequence[int]) -> tuple[PromptPart, ...]:
    found = [("rules", f"templates/{ingredients.kind}_rules.j2", _rules(ingredients))]
    if ingredients.summary:
        found.append(("data summary", "the data file", ingredients.summary))
    if ingredients.preamble:
        found.append(("preamble", "the data file", ingredients.preamble))
    parts = [PromptPart(name=n, source=s, text=t, tokens=engine.count_tokens(t)) for n, s, t in found]
    shown = "{0.body}" if prompt.primer and ingredients.kind == "function" else "{0.request}\n{0.body}"
    for example, cost in zip(ingredients.examples, costs, strict=True):
        source = example.why or (example.pack if " " in example.pack else f"pack {example.pack}")
        parts.append(PromptPart(name=f"example {example.id}", source=source, text=shown.format(example), tokens=cost))
    asked = ingredients.request
    parts.append(PromptPart(name="request", source="the user", text=asked, tokens=engine.count_tokens(asked)))
    rest = engine.count_tokens(engine.render(prompt)) - sum(p.tokens for p in parts)
    parts.append(PromptPart(name="template", source="chat template, words between the parts", text="", tokens=rest))
    return tuple(parts)


def build_repair(
    engine: Engine, prompt: Prompt, ingredients: Ingredients, draft: Draft, problem: str, kept: str = ""
) -> Prompt:
    """The prompt that shows a failed draft with what is wrong, and asks for it anew, or from behind ``kept`` on.

    ``kept``: first lines of the draft's Python program, after what all programs of ``prompt`` begin with, that were right.
    Engines that continue a begun answer are made to go on from there.

    The failed program stands after everything that was sent before, so an engine reuses the whole first prompt's cells.
    """
    language, repair = ("sql", "sql_chat_repair") if ingredients.kind == "sql" else ("python", "chat_repair")
    if not engine.capabilities.primer:
        messages = (
            *prompt.messages,
            Message(role="assistant", content=f"```{language}\n{(draft.program or '').rstrip()}\n```"),
            Message(role="user", content=render_template(repair, problem=problem).strip()),
        )
        return _counted(engine, replace(prompt, messages=messages), draft, (draft.program or "").rstrip(), problem)
    values: Mapping[str, Any] = {
        "primer": prompt.primer,
        "problem": problem,
        "request": ingredients.request,
        "number": len(request_examples(prompt.parts)) + 1,
        "body": _body(prompt, draft, ingredients),
        "begin": f"def {ingredients.signature}:" if ingredients.signature else "def",
    }
    primer = render_template(f"{ingredients.kind}_repair", **values).rstrip("\n")
    larger = _continued(replace(prompt, primer=primer), ingredients, kept)
    return _counted(engine, larger, draft, values["body"].rstrip(), problem)


def _continued(prompt: Prompt, ingredients: Ingredients, kept: str) -> Prompt:
    """``prompt`` with the first lines of the program already written."""
    if not kept.strip() or ingredients.kind == "sql" or (ingredients.kind == "function" and not ingredients.signature):
        return prompt
    if ingredients.kind == "function":
        return replace(prompt, primer=prompt.primer + kept, program_prefix=prompt.program_prefix + kept)
    lines = kept.strip("\n")
    return replace(
        prompt,
        primer=f"{prompt.primer}\n{indent(lines, ' ' * prompt.body_indent)}",
        program_prefix=f"{prompt.program_prefix}{lines}\n",
    )


def _body(prompt: Prompt, draft: Draft, ingredients: Ingredients) -> str:
    program = draft.program or draft.completion.text
    text = program.removeprefix(prompt.program_prefix)
    return text.strip("\n") if ingredients.kind == "data" else text.rstrip()


def _counted(engine: Engine, prompt: Prompt, draft: Draft, body: str, problem: str) -> Prompt:
    before = [p for p in prompt.parts if p.name not in ("template", "failed draft", "repair")]
    told = (("failed draft", f"draft {draft.id}", body), ("repair", "verdicts on the failed draft", problem))
    added = [PromptPart(name=n, source=s, text=t, tokens=engine.count_tokens(t)) for n, s, t in told]
    rest = engine.count_tokens(engine.render(prompt)) - sum(p.tokens for p in [*before, *added])
    template = PromptPart(name="template", source="chat template, words between the parts", text="", tokens=rest)
    return replace(prompt, parts=(*before, *added, template))


def request_examples(parts: Sequence[PromptPart]) -> list[str]:
    """Names of the examples that stand in a prompt."""
    return [p.name.removeprefix("example ") for p in parts if p.name.startswith("example ")]
