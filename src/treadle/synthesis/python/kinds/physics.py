"""Small functions of physics."""

from __future__ import annotations

import math

from treadle.synthesis.python.kinds.kind import FunctionKind as K

__all__ = ["KINDS"]


KINDS: tuple[K, ...] = (
    K(
        "transverse pt_of",
        "px:real py:real",
        "float",
        ("Return the transverse momentum, the length of the vector ({px}, {py}).",),
        "return (px**2 + py**2) ** 0.5",
        lambda a, b: math.hypot(a, b),
    ),
    K(
        "total_energy energy_of",
        "p:natural m:natural",
        "float",
        ("Return the energy of a particle of momentum {p} and mass {m}, in units with c = 1.",),
        "return (p**2 + m**2) ** 0.5",
        lambda p, m: math.hypot(p, m),
    ),
    K(
        "remaining_after decayed_fraction",
        "t:natural half_life:natural1",
        "float",
        ("Return the fraction of nuclei that is left after the time {t}, for a half-life {half_life}.",),
        "return 0.5 ** (t / half_life)",
        lambda t, h: math.exp(-math.log(2) * t / h),
    ),
    K(
        "to_kelvin celsius_to_kelvin",
        "c:real",
        "float",
        ("Convert a temperature from degrees Celsius to kelvin.",),
        "return c + 273.15",
        lambda c: 273.15 + c,
    ),
    K(
        "efficiency_error binomial_error",
        "passed:tiny total:hundred",
        "float",
        ("Return the binomial error sqrt(e * (1 - e) / {total}) of the efficiency e = {passed} / {total}.",),
        ("e = passed / total\nreturn (e * (1 - e) / total) ** 0.5"),
        lambda p, n: math.sqrt(p * (n - p) / n**3),
    ),
    K(
        "pass_threshold count_hits hits_over",
        "energies:positive",
        "int",
        ("Count the energies in {energies} that reach the threshold {k}.",),
        "return sum(1 for e in energies if e >= {k})",
        lambda xs, k: len([x for x in xs if not x < k]),
        (2, 4, 6),
    ),
    K(
        "centre_of_mass weighted_position barycentre",
        "xs:positive ws:positive",
        "float",
        ("Return the mean of the positions {xs} with the weights {ws}; only as many as both have.",),
        ("n = min(len(xs), len(ws))\nreturn sum(x * w for x, w in zip(xs, ws)) / sum(ws[:n])"),
        lambda xs, ws: sum(xs[i] * ws[i] for i in range(min(len(xs), len(ws)))) / sum(ws[: len(xs)]),
    ),
    K(
        "bin_index which_bin find_bin",
        "x:natural",
        "int",
        ("Return the number of the bin of width {k} that holds {x}, counted from 0.",),
        "return x // {k}",
        lambda x, k: math.floor(x / k),
        (5, 10, 20),
    ),
    K(
        "fill_counts simple_histogram bin_contents",
        "xs:ints",
        "list[int]",
        (("Return the contents of {k} bins of width 1 that begin at 0, filled with {xs}; values outside are ignored."),),
        ("counts = [0] * {k}\nfor x in xs:\n    if 0 <= x < {k}:\n        counts[x] += 1\nreturn counts"),
        lambda xs, k: [xs.count(i) for i in range(k)],
        (4, 6, 10),
    ),
)
