"""Small functions of dictionaries."""

from __future__ import annotations

from collections import Counter

from treadle.synthesis.python.kinds.kind import FunctionKind as K

__all__ = ["KINDS"]


KINDS: tuple[K, ...] = (
    K(
        "keys_above names_over",
        "scores:scores",
        "list[str]",
        ("Return the keys of {scores} whose value is above {k}, sorted.",),
        "return sorted(name for name, value in scores.items() if value > {k})",
        lambda d, k: sorted([n for n in d if d[n] > k]),
        (2, 5, 8),
    ),
    K(
        "merge_larger max_of_both",
        "a:scores b:scores",
        "dict[str, int]",
        ("Merge two dictionaries; where both have a key, the larger value counts.",),
        (
            "merged = dict(a)\n"
            "for key, value in b.items():\n"
            "    merged[key] = max(value, merged.get(key, value))\n"
            "return merged"
        ),
        lambda a, b: {k: max(d[k] for d in (a, b) if k in d) for k in {**a, **b}},
    ),
    K(
        "count_items occurrences tally_words",
        "items:words",
        "dict[str, int]",
        ("Return how often each element occurs in {items}, as a dictionary.",),
        ("counts = {}\nfor item in items:\n    counts[item] = counts.get(item, 0) + 1\nreturn counts"),
        lambda ws: dict(Counter(ws)),
    ),
    K(
        "group_by_first by_initial",
        "names:nonempty",
        "dict[str, list[str]]",
        ("Group the words of {names} by their first letter, keeping their order.",),
        ("groups = {}\nfor name in names:\n    groups.setdefault(name[0], []).append(name)\nreturn groups"),
        lambda ws: {w[0]: [v for v in ws if v[0] == w[0]] for w in ws},
    ),
    K(
        "ranked_keys by_value_descending",
        "scores:scores",
        "list[str]",
        (("Return the keys of {scores} from the largest to the smallest value; equal values in alphabetical order."),),
        "return sorted(scores, key=lambda name: (-scores[name], name))",
        lambda d: [n for _, n in sorted((-v, n) for n, v in d.items())],
    ),
    K(
        "total_of_values sum_of_scores",
        "scores:scores",
        "int",
        ("Add up the values of {scores} that are not negative.",),
        "return sum(value for value in scores.values() if value >= 0)",
        lambda d: sum([d[k] for k in d if not d[k] < 0]),
    ),
    K(
        "drop_keys without_keys",
        "scores:scores names:words",
        "dict[str, int]",
        ("Return {scores} without the keys that stand in {names}.",),
        "return {key: value for key, value in scores.items() if key not in names}",
        lambda d, ws: {k: d[k] for k in d if not ws.count(k)},
    ),
    K(
        "to_lookup pairs_to_dict",
        "keys:nonempty values:ints",
        "dict[str, int]",
        ("Make a dictionary of {keys} and {values} in order; surplus elements are left out.",),
        "return dict(zip(keys, values))",
        lambda ks, vs: {ks[i]: vs[i] for i in range(min(len(ks), len(vs)))},
    ),
    K(
        "mean_value average_score",
        "scores:scores",
        "float",
        ("Return the mean of the values of {scores}, 0.0 if it is empty.",),
        ("if not scores:\n    return 0.0\nreturn sum(scores.values()) / len(scores)"),
        lambda d: sum(d[k] for k in d) / len(d) if d else 0.0,
    ),
)
