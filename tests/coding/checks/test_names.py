"""Modules and their attributes, against the installed versions inside the real sandbox."""

from __future__ import annotations

import pytest

from treadle.coding.checks.base import Context
from treadle.coding.checks.introspect import Introspector
from treadle.coding.checks.names import ModulesExist, VariablesExist
from treadle.sandbox import Sandbox
from treadle.types import Completion, DataSummary, Draft, Outcome, Request, Verdict


def judge(check: ModulesExist | VariablesExist, source: str, sandbox: Sandbox, known: Introspector) -> list[Verdict]:
    context = Context(request=Request(text=""), sandbox=sandbox, introspector=known)
    return list(check.judge(Draft(id="d", completion=Completion(text=""), program=source), context))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import numpy as np\nnp.corcoef([1], [2])", "line 2: numpy has no 'corcoef'; nearest: corrcoef"),
        ("import numpy as np\nnp.random.defalt_rng()", "line 2: numpy.random has no 'defalt_rng'; nearest: default_rng"),
        ("import awkward as ak\nak.nums([])", "line 2: awkward has no 'nums'; nearest: num"),
        ("from uproot import opn", "line 1: uproot has no 'opn'; nearest: open"),
        ("import panda", "line 1: there is no module 'panda'; nearest: pandas"),
        ("import numpy.linagl", "line 1: there is no module 'numpy.linagl'; nearest: linalg"),
        ("def f():\n    import math\n    return math.sqroot(2)", "line 3: math has no 'sqroot'; nearest: sqrt"),
        ("from numpy import linalg\nlinalg.inverse(1)", "line 2: numpy.linalg has no 'inverse'"),
        ("from numpy import random as r\nr.norml()", "line 2: numpy.random has no 'norml'; nearest: normal"),
        ("import awkward as ak\nak.Array.flaten", "line 2: awkward.Array has no 'flaten'"),
        ("import numpy as np\nnp.float(3)", "line 2: numpy has no 'float'"),
        ("import math\nprint(math.pi.foo, math.tua)", "line 2: math has no 'tua'; nearest: tau"),
    ],
)
def test_missing(source: str, reason: str, sandbox: Sandbox, introspector: Introspector) -> None:
    (verdict,) = judge(ModulesExist(), source, sandbox, introspector)
    assert verdict.outcome is Outcome.FAILED
    assert verdict.reason.startswith(reason)


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\nnp.random.default_rng(1).normal(size=3)\nnp.linalg.norm([1])\nnp.pi.real",
        "import scipy\nscipy.optimize.minimize",
        "import scipy.stats\nscipy.stats.norm.pdf(0)",
        "from scipy import optimize\noptimize.curve_fit",
        "import os\nos.path.join('a', 'b')",
        "import xml.etree.ElementTree as ET\nET.fromstring('<a/>')",
        "import matplotlib.pyplot as plt\nplt.hist([1])",
        "import hist\nfrom hist import Hist\nHist.new.Reg(10, 0, 1).Double()",
        "import uproot\nuproot.open",
        "import vector\nvector.register_awkward()",
        "try:\n    import absent_module\nexcept ImportError:\n    absent_module = None",
        "import numpy as np\nif hasattr(np, 'trapezoidal'):\n    np.trapezoidal",
        "import numpy as np\nf = np.trapezoid if hasattr(np, 'trapezoid') else np.trapz",
        "import numpy as np\ntry:\n    np.trapz\nexcept AttributeError:\n    pass",
        "import math\nmath = 3\nmath.sqroot",
        "import math\ndef f(math):\n    return math.anything",
        "import math\nmath.own = 3\nprint(math.own)",
        "import json\njson.loads('{}').anything",
        "from collections import Counter\nCounter('a').most_common()",
        "import datetime\ndatetime.datetime.now().year",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import absent_module",
        "from numpy import *\nprint(sin(0))",
        "import pandas as pd\npd.DataFrame.from_dict\npd.read_csv",
        "import concurrent.futures\nconcurrent.futures.ThreadPoolExecutor",
    ],
)
def test_no_false_alarm(source: str, sandbox: Sandbox, introspector: Introspector) -> None:
    assert [v.outcome for v in judge(ModulesExist(), source, sandbox, introspector)] == [Outcome.PASSED]


def test_answers_are_remembered(sandbox: Sandbox) -> None:
    known = Introspector(sandbox)
    source = "import json\njson.lods"
    first = judge(ModulesExist(), source, sandbox, known)
    sandbox_runs = []
    known._ask = lambda *a: sandbox_runs.append(a)  # type: ignore[method-assign]
    assert judge(ModulesExist(), source, sandbox, known) == first
    assert sandbox_runs == []


def test_a_module_that_dies_at_import_is_not_judged(sandbox: Sandbox) -> None:
    known = Introspector(sandbox)
    queries = [("import", "antigravity_absent"), ("import", "this.is.nothing"), ("chain", "json", "", ("x",), ("no_such",))]
    found = known.look_up(queries)
    assert [lookup.missing for lookup in found] == [True, True, False]


def test_undefined_names_come_with_advice(sandbox: Sandbox, introspector: Introspector, summary: DataSummary) -> None:
    for source, hint in (
        ("print(np.pi)", "add: import numpy as np"),
        ("print(math.pi)", "add: import math"),
        ("print(Counter('a'))", "add: from collections import Counter"),
        ("print(pt1)", "write events['pt1']"),
        ("total = 1\nprint(totl)", "nearest: total"),
    ):
        context = Context(request=Request(text="", data=summary), sandbox=sandbox, introspector=introspector)
        draft = Draft(id="d", completion=Completion(text=""), program=source)
        (verdict,) = VariablesExist().judge(draft, context)
        assert verdict.outcome is Outcome.FAILED
        assert hint in verdict.hint
