"""Small functions of lists of numbers."""

from __future__ import annotations

from treadle.synthesis.python.kinds.kind import FunctionKind as K

__all__ = ["KINDS"]


def _runs(flags: list[bool]) -> int:
    best = now = 0
    for flag in flags:
        now = now + 1 if flag else 0
        best = max(best, now)
    return best


KINDS: tuple[K, ...] = (
    K(
        "take_every every_{k} pick_each_{k}",
        "xs:ints",
        "list[int]",
        (
            "Return every {k}. element of {xs}, beginning with the first.",
            "Keep the elements of {xs} at positions 0, {k}, 2*{k} and so on.",
        ),
        "return xs[::{k}]",
        lambda xs, k: [x for i, x in enumerate(xs) if i % k == 0],
        (2, 3, 4),
    ),
    K(
        "cumulative running_total partial_sums",
        "xs:ints",
        "list[int]",
        (
            "Return the running total of {xs}: element i is the sum of the first i + 1 numbers.",
            "For a list of numbers return the list of its partial sums.",
        ),
        ("total, found = 0, []\nfor x in xs:\n    total += x\n    found.append(total)\nreturn found"),
        lambda xs: [sum(xs[: i + 1]) for i in range(len(xs))],
    ),
    K(
        "count_between how_many_inside in_range_count",
        "xs:ints low:small high:big",
        "int",
        (
            "Count the numbers of {xs} that lie between {low} and {high}, both ends included.",
            "How many numbers in {xs} are at least {low} and at most {high}?",
        ),
        "return sum(1 for x in xs if low <= x <= high)",
        lambda xs, low, high: len([x for x in xs if not (x < low or x > high)]),
    ),
    K(
        "position_of_smallest index_of_min where_lowest",
        "xs:ints",
        "int",
        (
            (
                "Return the index of the smallest number in {xs}, the first one if it occurs more than once. Return "
                "-1 for an empty list."
            ),
            "Find the position of the minimum of {xs}; -1 where the list is empty.",
        ),
        ("if not xs:\n    return -1\nreturn xs.index(min(xs))"),
        lambda xs: min(range(len(xs)), key=lambda i: (xs[i], i)) if xs else -1,
    ),
    K(
        "last_position last_index_of rfind_item",
        "xs:ints value:small",
        "int",
        ("Return the index of the last occurrence of {value} in {xs}, or -1 if it does not occur.",),
        ("for i in range(len(xs) - 1, -1, -1):\n    if xs[i] == value:\n        return i\nreturn -1"),
        lambda xs, v: max((i for i, x in enumerate(xs) if x == v), default=-1),
    ),
    K(
        "sum_of_squares_above squares_over big_squares",
        "xs:ints",
        "int",
        ("Add up the squares of those numbers in {xs} that are larger than {k}.",),
        "return sum(x * x for x in xs if x > {k})",
        lambda xs, k: sum([x**2 for x in filter(lambda v: v > k, xs)]),
        (0, 3, 5, 10),
    ),
    K(
        "interleave weave alternate_lists",
        "a:ints b:ints",
        "list[int]",
        (("Merge two lists by taking elements in turn, first from {a}; what is left of the longer one stands at the end."),),
        (
            "found = []\n"
            "for x, y in zip(a, b):\n"
            "    found.append(x)\n"
            "    found.append(y)\n"
            "n = min(len(a), len(b))\n"
            "return found + a[n:] + b[n:]"
        ),
        lambda a, b: [v for i in range(max(len(a), len(b))) for v in (a[i : i + 1] + b[i : i + 1])],
    ),
    K(
        "clip_all limit_values squash",
        "xs:ints",
        "list[int]",
        (
            "Return {xs} with every number below 0 replaced by 0 and every number above {k} replaced by {k}.",
            "Limit all numbers of {xs} to the range from 0 to {k}.",
        ),
        "return [max(0, min(x, {k})) for x in xs]",
        lambda xs, k: [0 if x < 0 else k if x > k else x for x in xs],
        (5, 8, 10),
    ),
    K(
        "local_peaks peak_positions find_peaks",
        "xs:ints",
        "list[int]",
        (
            (
                "Return the indices of all elements of {xs} that are larger than both of their neighbours. The ends "
                "do not count."
            ),
        ),
        "return [i for i in range(1, len(xs) - 1) if xs[i - 1] < xs[i] > xs[i + 1]]",
        lambda xs: [i for i, (a, b, c) in enumerate(zip(xs, xs[1:], xs[2:], strict=False), 1) if b > a and b > c],
    ),
    K(
        "longest_positive_run longest_streak max_run_positive",
        "xs:ints",
        "int",
        ("Return the length of the longest run of consecutive positive numbers in {xs}.",),
        (
            "best = current = 0\n"
            "for x in xs:\n"
            "    current = current + 1 if x > 0 else 0\n"
            "    best = max(best, current)\n"
            "return best"
        ),
        lambda xs: _runs([x > 0 for x in xs]),
    ),
    K(
        "dot scalar_product inner",
        "a:ints b:ints",
        "int",
        (
            (
                "Return the sum of the products of the elements of {a} and {b} at equal positions; surplus elements "
                "are ignored."
            ),
        ),
        "return sum(x * y for x, y in zip(a, b))",
        lambda a, b: sum(a[i] * b[i] for i in range(min(len(a), len(b)))),
    ),
    K(
        "sign_changes count_sign_flips crossings",
        "xs:ints",
        "int",
        ("Count how often the sign changes from one number to the next in {xs}. Zeros are left out.",),
        ("signs = [x > 0 for x in xs if x != 0]\nreturn sum(1 for a, b in zip(signs, signs[1:]) if a != b)"),
        lambda xs: sum(p * q < 0 for p, q in zip([x for x in xs if x], [x for x in xs if x][1:], strict=False)),
    ),
    K(
        "moving_sum window_sums sliding_totals",
        "xs:ints",
        "list[int]",
        ("Return the sums of all windows of {k} consecutive numbers of {xs}.",),
        "return [sum(xs[i:i + {k}]) for i in range(len(xs) - {k} + 1)]",
        lambda xs, k: [sum(w) for w in zip(*(xs[j:] for j in range(k)), strict=False)],
        (2, 3, 4),
    ),
    K(
        "split_at partition_numbers low_and_high",
        "xs:ints limit:small",
        "tuple[list[int], list[int]]",
        ("Split {xs} into two lists: the numbers below {limit}, and the others. Keep the order.",),
        ("low = [x for x in xs if x < limit]\nhigh = [x for x in xs if x >= limit]\nreturn low, high"),
        lambda xs, t: tuple([x for x in xs if (x < t) == w] for w in (True, False)),
    ),
    K(
        "order_of sorted_indices rank_positions",
        "xs:ints",
        "list[int]",
        ("Return the indices that would sort {xs} in rising order; equal numbers keep their order.",),
        "return sorted(range(len(xs)), key=lambda i: xs[i])",
        lambda xs: [i for _, i in sorted((x, i) for i, x in enumerate(xs))],
    ),
    K(
        "largest_few top_values biggest",
        "xs:ints",
        "list[int]",
        ("Return the {k} largest numbers of {xs}, largest first; all of them if there are fewer.",),
        "return sorted(xs, reverse=True)[:{k}]",
        lambda xs, k: [-v for v in sorted(-x for x in xs)[:k]],
        (2, 3, 4),
    ),
    K(
        "nested_total sum_nested add_rows",
        "rows:grid",
        "int",
        ("Return the sum of all numbers in a list of lists.",),
        "return sum(sum(row) for row in rows)",
        lambda rows: sum(x for r in rows for x in r),
    ),
    K(
        "column_sums sum_columns totals_by_column",
        "rows:grid",
        "list[int]",
        ("Given a table as a list of rows of equal length, return the sum of each column.",),
        "return [sum(column) for column in zip(*rows)]",
        lambda rows: [sum(r[j] for r in rows) for j in range(len(rows[0]))] if rows else [],
    ),
    K(
        "diagonal_sum trace sum_of_diagonal",
        "rows:square",
        "int",
        ("Return the sum of the diagonal of a square table, from top left to bottom right.",),
        "return sum(rows[i][i] for i in range(len(rows)))",
        lambda rows: sum(r[i] for i, r in enumerate(rows)),
    ),
    K(
        "drop_repeats_in_row squeeze dedupe_neighbours",
        "xs:ints",
        "list[int]",
        ("Remove from {xs} every element that equals the one before it.",),
        ("found = []\nfor x in xs:\n    if not found or found[-1] != x:\n        found.append(x)\nreturn found"),
        lambda xs: [x for i, x in enumerate(xs) if i == 0 or xs[i - 1] != x],
    ),
    K(
        "range_of spread extent",
        "xs:ints",
        "int",
        ("Return the difference between the largest and the smallest number of {xs}, 0 for an empty list.",),
        ("if not xs:\n    return 0\nreturn max(xs) - min(xs)"),
        lambda xs: sorted(xs)[-1] - sorted(xs)[0] if xs else 0,
    ),
    K(
        "multiples_of only_multiples keep_divisible",
        "xs:ints",
        "list[int]",
        ("Return the numbers of {xs} that are divisible by {k}, in their order.",),
        "return [x for x in xs if x % {k} == 0]",
        lambda xs, k: list(filter(lambda x: not x % k, xs)),
        (2, 3, 4, 5, 7),
    ),
    K(
        "shares as_fractions relative_parts",
        "xs:positive",
        "list[float]",
        ("Return each number of {xs} divided by the sum of all. The sum is not zero.",),
        ("total = sum(xs)\nreturn [x / total for x in xs]"),
        lambda xs: [x / sum(xs) for x in xs],
    ),
    K(
        "swap_ends exchange_first_last flip_ends",
        "xs:ints",
        "list[int]",
        ("Return a copy of {xs} in which the first and the last element are exchanged.",),
        ("if len(xs) < 2:\n    return list(xs)\nreturn [xs[-1]] + xs[1:-1] + [xs[0]]"),
        lambda xs: list(xs) if len(xs) < 2 else [xs[len(xs) - 1], *xs[1 : len(xs) - 1], xs[0]],
    ),
    K(
        "count_pairs_with_difference pairs_apart",
        "xs:ints",
        "int",
        ("Count the pairs of elements of {xs} whose difference is exactly {k}, in either direction.",),
        (
            "found = 0\n"
            "for i in range(len(xs)):\n"
            "    for j in range(i + 1, len(xs)):\n"
            "        if abs(xs[i] - xs[j]) == {k}:\n"
            "            found += 1\n"
            "return found"
        ),
        lambda xs, k: sum(abs(a - b) == k for i, a in enumerate(xs) for b in xs[:i]),
        (1, 2, 3),
    ),
    K(
        "first_above find_over first_exceeding",
        "xs:ints limit:small",
        "int | None",
        ("Return the first number of {xs} that is larger than {limit}, or None if there is none.",),
        ("for x in xs:\n    if x > limit:\n        return x\nreturn None"),
        lambda xs, t: next(iter([x for x in xs if x > t]), None),
    ),
    K(
        "mean_without_extremes trimmed_average",
        "xs:positive",
        "float",
        (("Return the mean of {xs} without its smallest and its largest number. Return 0.0 for fewer than three numbers."),),
        ("if len(xs) < 3:\n    return 0.0\nkept = sorted(xs)[1:-1]\nreturn sum(kept) / len(kept)"),
        lambda xs: 0.0 if len(xs) < 3 else (sum(xs) - max(xs) - min(xs)) / (len(xs) - 2),
    ),
)
