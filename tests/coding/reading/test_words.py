"""What is known of words, names of columns and units before a request is parsed."""

from __future__ import annotations

import math
import re
from importlib.resources import files

import pytest

from treadle.coding.reading.answers import answer_rules
from treadle.coding.reading.apart import apart_rules
from treadle.coding.reading.catalogue import Catalogue
from treadle.coding.reading.cleaning import cleaned, named_metrics, without_title
from treadle.coding.reading.concepts import ideas_of_name, unit_of_name
from treadle.coding.reading.conditions import condition_rules
from treadle.coding.reading.grouped import group_rules
from treadle.coding.reading.missing import missing_values
from treadle.coding.reading.objects import object_rules
from treadle.coding.reading.pairs import pair_rules
from treadle.coding.reading.pronouns import pronoun_rules
from treadle.coding.reading.selected import selection_rules
from treadle.coding.reading.several import several_rules
from treadle.coding.reading.shares import share_rules
from treadle.coding.reading.tokens import tokens
from treadle.coding.reading.told import Told
from treadle.coding.reading.units import factor, file_unit, told_units
from treadle.coding.reading.unusual import unusual_rules
from treadle.coding.reading.values import value_rules
from treadle.types import Column, Table

FLAT = ("met", "MET_phi", "tau1_pt", "tau2_pt", "K_PX", "B_IPCHI2", "beam_GeV", "time_s", "reco_E", "njets", "HLT_mu")
JAGGED = ("Muon_pt", "Muon_tightId", "FatJet_pt", "pt_trk", "eta_trk", "hitT", "hitQ")


@pytest.fixture
def catalogue() -> Catalogue:
    flat = tuple(Column(name=n, type="int32" if n in ("njets", "HLT_mu") else "float") for n in FLAT)
    return Catalogue(Table(name="tree", columns=(*flat, *(Column(name=n, type="float", shape="jagged") for n in JAGGED))))


@pytest.mark.parametrize(
    ("name", "ideas"),
    [
        ("Muon_pt", ("muon", "pt")),
        ("reco_E", ("reco", "energy")),
        ("E_true", ("energy", "true")),
        ("drift_time_us", ("drift", "time")),
        ("nMuon", ("number", "muon")),
        ("FatJet_pt", ("fatjet", "pt")),
        ("zvtx", ("z", "vertex")),
        ("PuppiMET_pt", ("puppi", "met", "pt")),
    ],
)
def test_names_are_made_of_ideas(name: str, ideas: tuple[str, ...]) -> None:
    assert ideas_of_name(name) == ideas


@pytest.mark.parametrize(
    ("name", "unit"),
    [("beam_GeV", "GeV"), ("drift_time_us", "us"), ("time_s", "s"), ("jet_m", ""), ("pt", ""), ("is_s", "")],
)
def test_a_name_may_end_with_its_unit(name: str, unit: str) -> None:
    assert unit_of_name(name) == unit


@pytest.mark.parametrize(
    ("column", "whose", "index", "what"),
    [
        ("Muon_pt", "muon", "", "pt"),
        ("FatJet_pt", "fatjet", "", "pt"),
        ("pt_trk", "track", "", "pt"),
        ("hitQ", "hit", "", "charge"),
        ("tau1_pt", "tau", "1", "pt"),
        ("K_PX", "kaon", "", "px"),
        ("met", "", "", "met"),
    ],
)
def test_columns_become_quantities(column: str, whose: str, index: str, what: str, catalogue: Catalogue) -> None:
    found = catalogue.by_column[column]
    assert (found.whose, found.index, found.what) == (whose, index, what)


def test_counters_and_flags_are_known(catalogue: Catalogue) -> None:
    assert catalogue.counter("jet") == "njets"
    assert catalogue.flag("HLT_mu")
    assert not catalogue.flag("met")


def test_requests_are_cut_at_names_numbers_and_signs(catalogue: Catalogue) -> None:
    said = "Events with Muon_pt >= 20.5 GeV, opposite-sign, and |MET_phi| < 1,000?"
    found = [t.text for t in tokens(said, catalogue)]
    assert " ".join(found) == "events with Muon_pt >= 20.5 gev , opposite sign , and | MET_phi | < 1,000 ?"


@pytest.mark.parametrize(
    ("request_text", "left"),
    [
        ("Could you please tell me the mean of met in data.root?", "the mean of met ?"),
        ("mean met (all events are taken)", "mean met"),
        ("mean met (only for met > 20)", "mean met (only for met > 20)"),
        ("mean met, unweighted", "mean met"),
        ("nr of events w/ 2 muons", "nr of events with 2 muons"),
        ("HT of events. Events without jets count with HT = 0", "HT of events"),
        ("compute met and give its mean", "mean of met"),
    ],
)
def test_what_changes_nothing_is_taken_out(request_text: str, left: str, catalogue: Catalogue) -> None:
    assert " ".join(cleaned(request_text, Told(catalogue)).split()).strip(" .") == left


def test_titles_are_told_from_selections(catalogue: Catalogue) -> None:
    assert without_title("Trigger efficiency: mean of met", catalogue) == [" mean of met"]
    assert without_title("Only signal events: mean of met", catalogue) == []
    assert without_title("For muons: mean of the pt", catalogue) == []


def test_a_metric_may_be_given_a_name() -> None:
    assert named_metrics("How many events? Report it as n_all.") == ("How many events?", ("n_all",))
    assert named_metrics("How many events?") == ("How many events?", ())
    assert named_metrics("Mean and spread of met; print them as mu and sigma.")[1] == ("mu", "sigma")
    assert named_metrics("For met, give mean and std.")[1] == ()


@pytest.mark.parametrize(
    ("given", "wanted", "times"), [("GeV", "MeV", 1000), ("mm", "cm", 0.1), ("ns", "us", 1e-3), ("GeV", "GeV", 1)]
)
def test_units_of_one_kind_are_converted(given: str, wanted: str, times: float) -> None:
    assert factor(given, wanted) == pytest.approx(times)


@pytest.mark.parametrize(("given", "wanted"), [("GeV", "mm"), ("", "GeV")])
def test_units_that_are_not_known_are_refused(given: str, wanted: str) -> None:
    with pytest.raises(LookupError):
        factor(given, wanted)


def test_units_are_told_by_the_request(catalogue: Catalogue) -> None:
    told = Told(catalogue)
    assert " ".join(told_units("mean reco_E in GeV, reco_E is in MeV", told).split()) == "mean reco_E in GeV ."
    assert told.units == {"reco_E": "MeV"}
    told_units("mean met (the file is in MeV)", told)
    assert file_unit("mean met", told, None) == ("MeV", False)


@pytest.mark.parametrize(
    ("request_text", "marks"),
    [
        ("mean met, leave out events where met is -999", [(-999.0, ("met",))]),
        ("mean met, ignoring NaN values", [(math.nan, ())]),
        ("How many events have met == -999?", []),
        ("How many events have met above -100?", []),
    ],
)
def test_missing_values_are_heard(
    request_text: str, marks: list[tuple[float, tuple[str, ...]]], catalogue: Catalogue
) -> None:
    _, found = missing_values(request_text, catalogue)
    assert [(repr(value), columns) for value, columns in found] == [(repr(value), columns) for value, columns in marks]


def test_every_symbol_of_the_phrases_is_used_by_a_rule(catalogue: Catalogue) -> None:
    text = files("treadle.coding.reading").joinpath("phrases.txt").read_text(encoding="utf-8")
    spoken = set(re.findall(r"^([A-Z]+)", text, re.MULTILINE))
    told = Told(catalogue)
    makers = (object_rules, condition_rules, selection_rules, pair_rules, apart_rules, pronoun_rules, group_rules)
    others = (unusual_rules, answer_rules, share_rules)
    made = [*value_rules(told), *several_rules(told), *(rules for make in (*makers, *others) for rules in make(catalogue))]
    used = {part for rules in made for one in rules for part in one.parts}
    assert spoken - used == set()


def test_no_phrase_has_an_article_in_it() -> None:
    text = files("treadle.coding.reading").joinpath("phrases.txt").read_text(encoding="utf-8")
    said = re.sub(r"^#.*$", "", text, flags=re.MULTILINE)
    assert re.findall(r"\b(?:the|an)\b", said) == []
