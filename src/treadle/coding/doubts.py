"""Doubts about a draft that ran: what was asked for and is not in the program, and values that cannot be the answer.

Drafts that agree with each other may be wrong in the same way. Each rule here compares words of the request with the text
of the program, or with what it printed. That proves nothing: no doubt does not mean right, and a doubt does not mean
wrong. The rules are tuned to stay silent unless a case is clear; requests for functions, without data, are only looked
at for numbers that are not used.
"""

from __future__ import annotations

import ast
import re

from treadle.coding.checks.mentions import unused_mentions
from treadle.coding.doubts_of_counts import count_doubts
from treadle.coding.doubts_of_cuts import charge_doubts, cut_doubts, foreign_cut_doubts
from treadle.coding.doubts_of_operations import operation_doubts
from treadle.coding.doubts_of_values import value_doubts
from treadle.coding.program_facts import ProgramFacts, facts_of
from treadle.types import DataSummary
from treadle.words import name_terms

__all__ = ["doubts"]


def doubts(program: str, output: str, request: str, data: DataSummary | None) -> list[str]:
    """Why a draft may be wrong, one short sentence a doubt; empty where there is none.

    ``output`` is what the program printed; ``data`` the file that the request is about, or None.
    """
    found = unused_mentions(program, request, data)
    facts = facts_of(program) if data is not None else None
    if facts is None or data is None:
        return found
    asked = _prose(request)
    found += operation_doubts(asked, facts)
    found += _unused(facts)
    found += _column_doubts(asked, facts, data)
    found += cut_doubts(asked, facts)
    found += charge_doubts(asked, facts)
    found += foreign_cut_doubts(asked, facts, data.column_names)
    found += count_doubts(asked, facts, data)
    found += value_doubts(asked, output, data)
    return list(dict.fromkeys(found))


def _prose(request: str) -> str:
    """The request without the names it wants for results and files, and with phrases that only look like operations."""
    request = re.sub(
        r"\b(?:report|call|name|print|give|return|label)(?:ed)?\s+(?:it|them|this|the \w+)?\s*as\s+\w+", " ", request
    )
    request = re.sub(r"\bMETRIC:.*", " ", request)
    request = re.sub(r"\b[\w.-]+\.root\b", " ", request)
    return re.sub(r"\s+", " ", request)


def _unused(facts: ProgramFacts) -> list[str]:
    """What is computed and never read: a selection that was forgotten where it should have been applied."""
    if facts.tree is None or facts.usage.dynamic:
        return []
    read = {n.id for n in ast.walk(facts.tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Store)}
    made = [
        statement.targets[0].id
        for statement in facts.tree.body
        if isinstance(statement, ast.Assign)
        and len(statement.targets) == 1
        and isinstance(statement.targets[0], ast.Name)
        and not (isinstance(statement.value, ast.Call) and _acts(statement.value))
    ]
    computed = dict.fromkeys(name for name in made if name not in read and not name.startswith("_"))
    return [f"{name} is computed and never used" for name in computed]


def _acts(call: ast.Call) -> bool:
    """Whether a call may be made for what it does, as those that draw are; functions of NumPy and Awkward only compute."""
    name = call.func
    return not (isinstance(name, ast.Attribute) and isinstance(name.value, ast.Name) and name.value.id in ("np", "ak"))


# ------------------------------------------------------------------------------------------------ columns


_OBJECTS = {
    "jet": r"\b(?:b[- ]?)?(?:di)?jets?\b",
    "muon": r"\b(?:di)?muons?\b",
    "electron": r"\b(?:di)?electrons?\b",
    "photon": r"\b(?:di)?photons?\b",
    "tau": r"\btaus?\b",
    "met": r"\bMET\b|\bmissing (?:transverse )?(?:energy|momentum)\b",
}
_QUANTITIES: dict[str, tuple[str, tuple[str, ...]]] = {
    # term: what is said for it, what it is computed from
    "pt": (r"\bp_?t\b|\btransverse moment(?:um|a)\b", ("px", "rho")),
    "eta": (r"(?<!delta )\beta\b|\bpseudorapidity\b", ("pz", "theta", "deltar")),
    "phi": (r"(?<!delta )\bphi\b(?! meson)|\bazimuthal angle\b", ("px",)),
    "mass": (r"\bmass(?:es)?\b(?! (?:hypothesis|window))", ("energy", "eta", "phi", "px", "tau")),
    "charge": (r"\bcharges?\b|\b(?:opposite|same)[- ](?:sign|charged?)\b", ()),
    "energy": (r"(?<!missing )(?<!transverse )\benerg(?:y|ies)\b", ("eta", "px", "mass", "ecal", "hcal")),
    "btag": (r"\bb-?tag(?:ged)?\b", ("deepflav", "csv")),
}


def _column_doubts(asked: str, facts: ProgramFacts, data: DataSummary) -> list[str]:
    if facts.usage.dynamic:
        return []
    names = [column.name for table in data.tables for column in table.columns]
    terms = {name: _terms_of(name) for name in names}
    used = {name for name in names if facts.usage.has_name(name)}
    # An array may be zipped to records: its fields count as columns.
    used_terms = {term for name in used for term in terms[name]}
    used_terms |= {term for name in facts.attributes | set(facts.usage.names) if name for term in name_terms(name)}
    columns_of = {o: {name for name in names if o in terms[name]} for o in _OBJECTS}
    present = [o for o in _OBJECTS if columns_of[o]]
    wanted = [o for o in present if re.search(_OBJECTS[o], asked, re.IGNORECASE if o != "met" else 0)]
    found = [
        f"the request is about {'missing energy' if o == 'met' else o + 's'}, the program uses no column of them"
        for o in wanted
        if len(present) > 1 and not columns_of[o] & used
    ]
    for quantity, (said, parts) in _QUANTITIES.items():
        of_wanted = {
            name for name in names if quantity in terms[name] and (not wanted or any(name in columns_of[o] for o in wanted))
        }
        prose = re.sub(r"missing transverse momentum", " ", asked)
        if of_wanted and re.search(said, prose, re.IGNORECASE) and used_terms.isdisjoint({quantity, *parts}):
            found.append(f"the request is about {quantity}, the program uses no column of it")
    # Only components in the file: what is asked for has to be computed.
    if re.search(_QUANTITIES["pt"][0], asked, re.IGNORECASE) and wanted:
        of_wanted = {name for o in wanted for name in columns_of[o]}
        given = {term for name in of_wanted for term in terms[name]}
        if "px" in given and "pt" not in given and not (_from_components(facts) or used_terms & {"rho"}):
            found.append("the request asks for a transverse momentum, the program does not compute it from the components")
    if (
        "met" in wanted
        and {"px", "py"} <= {t for n in columns_of["met"] for t in terms[n]}
        and re.search(_OBJECTS["met"], asked)
    ):
        given = {term for name in columns_of["met"] for term in terms[name]}
        if "pt" not in given and not _from_components(facts) and not re.search(r"\b(?:component|met_p[xy])\b", asked):
            found.append("the request asks for the missing energy, the program does not compute it from the components")
    return found


def _terms_of(name: str) -> set[str]:
    """The terms of a column; ``nmu`` is about muons as well."""
    return {*name_terms(name), *(name_terms(name[1:]) if name.startswith("n") and len(name) > 2 else ())}


def _from_components(facts: ProgramFacts) -> bool:
    return (
        facts.calls_any("sqrt", "hypot", "square", "norm")
        or facts.powers > 0
        or bool(facts.attributes & {"pt", "rho", "pt2"})
    )
