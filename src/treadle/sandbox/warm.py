"""What is loaded ahead where nothing can be loaded later: the seccomp tier. Runs in the server, on our own code only.

Libraries import parts of themselves, and read files of their own, when these are first used. So each is used once here; what
it reads on the way is remembered by ``handover``.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import pkgutil
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["load_the_rest", "use_root"]

_NEVER = frozenset(
    ("antigravity", "curses", "ensurepip", "idlelib", "lib2to3", "msilib", "nt", "pydoc_data", "readline", "rlcompleter",
     "test", "this", "tkinter", "turtle", "turtledemo", "venv", "winreg", "winsound")
)  # fmt: skip
_PARTS = (
    "asyncio.subprocess", "collections.abc", "concurrent.futures.process", "concurrent.futures.thread", "ctypes.util",
    "email.message", "email.parser", "encodings.ascii", "encodings.cp1252", "encodings.idna", "encodings.latin_1",
    "encodings.utf_16", "encodings.utf_32", "encodings.utf_8_sig", "html.parser", "http.client", "importlib.metadata",
    "importlib.resources", "json.tool", "logging.config", "logging.handlers", "multiprocessing.dummy",
    "multiprocessing.pool", "multiprocessing.shared_memory", "os.path", "unittest.mock", "urllib.error", "urllib.parse",
    "urllib.request", "wsgiref.util", "xml.dom.minidom", "xml.etree.ElementTree", "xml.sax.handler",
)  # fmt: skip
_WITH = {
    "numpy": ("numpy.testing", "numpy.lib.recfunctions", "numpy.lib.stride_tricks", "numpy.ma.mrecords", "numpy.polynomial"),
    "scipy": tuple(
        f"scipy.{part}"
        for part in (
            "constants", "fft", "fftpack", "integrate", "interpolate", "io", "linalg", "linalg.blas", "ndimage", "odr",
            "optimize", "signal", "sparse", "sparse.linalg", "spatial", "spatial.distance", "special", "stats", "stats.qmc",
        )
    ),
    "matplotlib": (*(
        f"matplotlib.{part}"
        for part in (
            "animation", "backends.backend_agg", "backends.backend_pdf", "backends.backend_svg", "backends.backend_ps", "cm",
            "colors", "dates", "gridspec", "lines", "patches", "patheffects", "pylab", "ticker",
        )
    ), "mpl_toolkits.mplot3d", "mpl_toolkits.axes_grid1"),
    "pandas": ("pyarrow", "pyarrow.compute", "pyarrow.csv", "pyarrow.dataset", "pyarrow.fs", "pyarrow.parquet"),
    "mplhep": ("mplhep.styles",),
    "particle": ("particle.pdgid", "particle.literals"),
}  # fmt: skip

_WHOLE = ("awkward", "hist", "pandas", "uproot", "vector")
"""Packages that import their parts at any time, so all of these are loaded."""
_NOT_PARTS = frozenset(("tests", "testing", "conftest", "__main__", "_testing"))


def load_the_rest(names: list[str]) -> None:
    """Import the standard library and all parts of ``names``, and of packages that programs use unasked; use each once."""
    wanted = sorted(name for name in sys.stdlib_module_names - _NEVER if not name.startswith("_"))
    asked = {name.split(".")[0] for name in names}
    optional = {"scipy", "mplhep", "particle"} if asked else set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in (*wanted, *_PARTS, *sorted(optional)):
            _import(name)
        for package in sorted(asked | optional):
            if package in sys.modules:
                for part in (*_WITH.get(package, ()), *(_parts(package) if package in _WHOLE else ())):
                    _import(part)
        for package, use in _USES.items():
            if package in sys.modules:
                with contextlib.suppress(Exception):
                    use()


def _parts(package: str) -> Iterator[str]:
    """The modules below ``package``, by name, without importing them."""
    pending = [(package, list(sys.modules[package].__path__))]
    while pending:
        above, folders = pending.pop()
        for found in pkgutil.iter_modules(folders):
            if found.name not in _NOT_PARTS:
                yield f"{above}.{found.name}"
                if found.ispkg:
                    pending.append((f"{above}.{found.name}", [f"{folder}/{found.name}" for folder in folders]))


def _import(name: str) -> None:
    with contextlib.suppress(Exception):
        importlib.import_module(name)


def _use_standard_library() -> None:
    import mimetypes
    import time
    import zoneinfo

    mimetypes.init()
    time.tzset()
    time.localtime()
    time.strptime("2026-01-01", "%Y-%m-%d")
    for zone in ("UTC", "Europe/Zurich"):
        zoneinfo.ZoneInfo(zone)


def _use_numpy() -> None:
    import numpy as np

    buffer = io.BytesIO()
    np.savez(buffer, a=np.arange(3))
    buffer.seek(0)
    np.load(buffer)["a"].sum()
    np.genfromtxt(io.StringIO("1,2\n3,4"), delimiter=",")
    np.random.default_rng(1).normal(size=2)
    np.fft.rfft(np.linalg.svd(np.eye(3))[1])


def _use_uproot() -> None:
    import awkward
    import numpy as np
    import uproot

    buffer = io.BytesIO()
    with uproot.recreate(buffer) as file:
        file["t"] = {"x": np.arange(4), "y": awkward.Array([[1.0], [], [2.0, 3.0], []])}
        file["h"] = np.histogram(np.arange(10.0))
        content = buffer.getvalue()
    with uproot.open(io.BytesIO(content)) as file:
        arrays = file["t"].arrays()
        awkward.mean(arrays["y"])
        awkward.to_list(awkward.combinations(arrays["y"], 2))
        file["h"].to_numpy()
        if "hist" in sys.modules:
            file["h"].to_hist()
        list(file["t"].iterate(step_size=2, library="np"))
        if "pandas" in sys.modules:
            file["t"].arrays(["x"], library="pd")


def _use_pandas() -> None:
    import pandas as pd

    frame = pd.read_csv(io.StringIO("a,b,c\n1,2.5,x\n2,3.5,y\n"))
    frame.groupby("c").mean().describe()
    str(frame)
    frame.merge(frame, on="a").pivot_table(values="b_x", index="c_x")
    pd.read_json(io.StringIO(frame.to_json()))
    pd.to_datetime(["2026-01-01"]).strftime("%d")


def _use_matplotlib() -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2)
    axes[0].hist([1.0, 2.0, 3.0], label=r"$m_{\mu\mu}\ \mathbf{x}\,\sqrt{s}$")
    axes[0].set_title("bold", weight="bold", style="italic")
    axes[0].legend()
    axes[1].errorbar([1, 2], [1, 10], yerr=[0.1, 1])
    axes[1].set_yscale("log")
    axes[1].annotate("mono", (1, 1), family="monospace")
    axes[1].annotate("serif", (1, 1), family="serif")
    figure.colorbar(axes[1].imshow([[1, 2], [3, 4]]))
    for kind in ("png", "pdf", "svg"):
        figure.savefig(io.BytesIO(), format=kind)
    plt.close(figure)


def _use_hist() -> None:
    import hist
    import numpy as np

    histogram = hist.Hist.new.Reg(4, 0, 1, name="x").Double().fill(np.linspace(0, 1, 9))
    str(histogram)
    histogram.plot()


def _use_vector() -> None:
    import vector

    vector.register_awkward()
    first = vector.obj(pt=30.0, eta=1.0, phi=0.5, mass=0.1)
    first.deltaR(vector.obj(pt=20.0, eta=-1.0, phi=2.0, mass=0.1))


def _use_particle() -> None:
    from particle import Particle

    Particle.from_pdgid(13)


def _use_mplhep() -> None:
    import matplotlib.pyplot as plt
    import mplhep  # type: ignore[import-untyped]

    with plt.style.context(mplhep.style.CMS):
        mplhep.cms.label(ax=plt.figure().gca())
        plt.savefig(io.BytesIO(), format="png")
    plt.close("all")


def _use_scipy() -> None:
    from scipy import integrate, optimize, stats  # type: ignore[import-untyped]

    optimize.curve_fit(lambda x, a: a * x, [1.0, 2.0], [2.0, 4.0])
    stats.norm.fit([1.0, 2.0, 3.0])
    integrate.quad(lambda x: x, 0, 1)


def use_root() -> None:
    """Wake ROOT's interpreter: 1.6 s the first time, and it may fork only here."""
    with contextlib.suppress(Exception):
        root: Any = importlib.import_module("ROOT")
        root.gROOT.SetBatch(True)
        root.gInterpreter.Declare("double treadle_warm(double x) { return 2 * x; }")
        root.treadle_warm(1.0)
        histogram = root.TH1F("treadle_warm", "", 10, 0, 1)
        histogram.Fill(0.5)
        histogram.Fit(root.TF1("treadle_warm_f", "pol0", 0, 1), "Q0")


_USES: dict[str, Callable[[], Any]] = {
    "sys": _use_standard_library,
    "numpy": _use_numpy,
    "uproot": _use_uproot,
    "pandas": _use_pandas,
    "hist": _use_hist,
    "vector": _use_vector,
    "particle": _use_particle,
    "scipy": _use_scipy,
    "mplhep": _use_mplhep,
    "matplotlib": _use_matplotlib,
}
