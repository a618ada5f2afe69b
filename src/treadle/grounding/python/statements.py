"""Statements of Python as rules: what stands on one logical line, by what is allowed where the line begins."""

from __future__ import annotations

import re

from treadle.grounding.python.expressions import write_parameters
from treadle.grounding.python.lexis import Sheet

__all__ = ["HEADERS", "write_statements"]

HEADERS = ("elif", "else", "except", "finally", "case")
"""Lines that open a block only where another one came before."""


def write_statements(sheet: Sheet, returns: bool = True) -> None:
    """Write ``simple`` (a line's statements), ``opener``, and a rule ``header_*`` for each of ``HEADERS``.

    Without ``returns``, only the statements of ``rsimple`` may return, those of a function.
    """
    sheet.rule("simple", 'smalls (SP? ";")?')
    sheet.rule("smalls", "small", 'smalls SP? ";" SP? small')
    sheet.rule("small", "list_tb", "assign", "annotate", "augment", "imports", "jump", "unbind")
    if returns:
        sheet.rule("small", *_RETURN)
    _assignments(sheet)
    _others(sheet)
    _free(sheet)
    sheet.rules["smalls"] = ("small", 'smalls SP? ";" SP? smallf')
    _returning(sheet)
    _openers(sheet)
    _definitions(sheet)
    _matches(sheet)


def _free(sheet: Sheet) -> None:
    """The same simple statements with any name in them, for lines on which names are bound before they are used."""
    copied = (
        "simple", "smalls", "small", "assign", "assigned", "value", "produced",
        "annotate", "augment", "imports", "jump", "unbind",
    )  # fmt: skip
    for name in copied:
        for alternative in sheet.rules[name]:
            free = re.sub(rf"\b({'|'.join(copied)})\b(?!\")", r"\1f", alternative).replace("_tb", "_tf")
            if not re.search(r"\bu\w+_tf", free):
                sheet.rule(name + "f", free)


def _returning(sheet: Sheet) -> None:
    sheet.rule("rsimple", 'rsmalls (SP? ";")?')
    sheet.rule("rsmalls", "rsmall", 'rsmalls SP? ";" SP? rsmallf')
    sheet.rule("rsmall", "small", *_RETURN)
    sheet.rule("rsmallf", "smallf", '"return" (SP list_tf)?')
    sheet.rule("rsmallsf", "rsmallf", 'rsmallsf SP? ";" SP? rsmallf')
    sheet.rule("rsimplef", 'rsmallsf (SP? ";")?')


def _after(keyword: str, what: str, at: str = "tb") -> tuple[str, str]:
    """``keyword`` with an expression behind a space, or one that needs none (it begins with a bracket or quote)."""
    return f'"{keyword}" SP {what}_{at}', f'"{keyword}" u{what}_{at}'


_RETURN = ('"return"', *_after("return", "list"))


def _assignments(sheet: Sheet) -> None:
    value = sheet.rule("value", "list_tb", "produced")
    sheet.rule("produced", '"yield"', *_after("yield", "list"), '"yield" SP "from" SP test_tb', '"yield" SP "from" utest_tb')
    sheet.rule("small", "produced")
    sheet.rule("assign", f'targetl_tb SP? "=" SP? {value}', 'targetl_tb SP? "=" SP? assigned')
    sheet.rule("assigned", f'targetlk_tb SP? "=" SP? {value}', 'targetlk_tb SP? "=" SP? assigned')
    single = '(NAME | attribute_tb | item_tb | "(" NAME ")")'
    sheet.rule("annotate", f'{single} SP? ":" SP? test_tb (SP? "=" SP? {value})?')
    sheet.rule("augment", f"(word_tb | attribute_tb | old_tb) SP? AUGMENT SP? {value}")


def _others(sheet: Sheet) -> None:
    sheet.rule(
        "jump", '"pass"', '"break"', '"continue"', '"raise"', '"raise" SP test_tb', '"raise" SP testl_tb "from" SP test_tb'
    )
    sheet.rule("small", *_after("assert", "test"), *(f'{a} SP? "," SP? test_tb' for a in _after("assert", "test")))
    sheet.rule("unbind", '"del" SP targetl_tb', '"del" targetc_tb')
    sheet.rule("unbind", '("global" | "nonlocal") SP NAME (SP? "," SP? NAME)*')
    sheet.rule("dotted", "NAME", 'dotted SP? "." SP? NAME')
    named = '(SP "as" SP NAME)?'
    sheet.rule("imports", f'"import" SP dotted {named} (SP? "," SP? dotted {named})*')
    inside = '(WS "as" WS NAME)?'
    many = f'"(" WS? NAME {inside} (WS? "," WS? NAME {inside})* WS? ("," WS?)? ")"'
    some = f'(SP "*" | "*" | SP NAME {named} (SP? "," SP? NAME {named})* | SP? {many})'
    sheet.rule("source", "SP dotted SP", "SP? /\\.{1,6}/ SP", "SP? /\\.{1,6}/ dotted SP")
    sheet.rule("imports", f'"from" source "import" {some}')


def _openers(sheet: Sheet) -> None:
    colon = 'SP? ":"'
    for word in ("if", "while"):
        sheet.rule("compound", *(f"{a} {colon}" for a in _after(word, "named")))
    sheet.rule("header_elif", *(f"{a} {colon}" for a in _after("elif", "named")))
    sheet.rule("header_else", f'"else" {colon}')
    sheet.rule("header_finally", f'"finally" {colon}')
    sheet.rule("compound", f'"try" {colon}', f'("async" SP)? "for" SP targets_tb ("in" SP list_tb | "in" ulist_tb) {colon}')
    sheet.rule("compound", f'"for" targetc_tb SP? ("in" SP list_tb | "in" ulist_tb) {colon}')
    caught = f'"except" SP? "*" SP? test_tb {colon}'
    sheet.rule("header_except", f'"except" {colon}', caught, f'"except" SP? ("*" SP?)? testl_tb "as" SP NAME {colon}')
    sheet.rule("header_except", f'"except" SP test_tb {colon}', f'"except" utest_tb {colon}')
    item = sheet.rule("with_item", "test_tb", 'testl_tb "as" (SP (target_tb | targetc_tb) | targetc_tb)')
    sheet.rule("compound", f'("async" SP)? "with" SP {item} (SP? "," SP? {item})* {colon}')
    inner = sheet.rule("with_inner", "test_ib", 'testl_ib "as" WS (target_ib | targetc_ib)')
    sheet.rule("compound", f'("async" SP)? "with" SP? "(" WS? {inner} (WS? "," WS? {inner})* WS? ("," WS?)? ")" {colon}')


def _definitions(sheet: Sheet) -> None:
    typed = 'NAME (WS? ":" WS? test_ib)?'
    starred = 'NAME (WS? ":" WS? "*"? test_ib)?'
    write_parameters(sheet, "parameters", "WS", (typed, f'{typed} WS? "=" WS? test_ib', starred))
    result = '(SP? "->" SP? test_tb)?'
    sheet.rule("definition", f'("async" SP)? "def" SP NAME SP? "(" WS? (parameters WS?)? ")" {result} SP? ":"')
    sheet.rule("definition", '"class" SP NAME SP? ("(" WS? args_ib ")" SP?)? ":"')
    sheet.rule("opener", "compound", "definition")
    sheet.rule("decorator", '"@" SP? test_tb')


def _matches(sheet: Sheet) -> None:
    sheet.rule("matcher", '"match" SP list_tb SP? ":"', '"match" ulist_tb SP? ":"')
    pattern = sheet.rule("pattern", "list_tf", 'testl_tf "as" SP NAME')
    ready = sheet.rule("patternl", "testl_tf", 'testl_tf "as" SP NAME SP', "list_tf SP")
    sheet.rule("header_case", f'"case" SP {pattern} SP? ":"', f'"case" SP {ready} "if" SP named_tb SP? ":"')
