"""Small functions of numbers."""

from __future__ import annotations

import math

from treadle.synthesis.python.kinds.kind import FunctionKind as K

__all__ = ["KINDS"]


KINDS: tuple[K, ...] = (
    K(
        "multiples_below sum_multiples",
        "n:natural",
        "int",
        ("Return the sum of all natural numbers below {n} that are divisible by {k}.",),
        "return sum(range(0, n, {k}))",
        lambda n, k: sum(i for i in range(n) if i % k == 0),
        (2, 3, 5, 7),
    ),
    K(
        "number_of_divisors count_divisors",
        "n:natural1",
        "int",
        ("Return how many natural numbers divide {n} without remainder.",),
        "return sum(1 for d in range(1, n + 1) if n % d == 0)",
        lambda n: len([d for d in range(1, n + 1) if n // d * d == n]),
    ),
    K(
        "digital_root repeated_digit_sum",
        "n:natural",
        "int",
        ("Add the digits of {n} again and again until one digit is left, and return it.",),
        ("while n > 9:\n    n = sum(int(d) for d in str(n))\nreturn n"),
        lambda n: 0 if n == 0 else 1 + (n - 1) % 9,
    ),
    K(
        "is_power_of_two power_of_two",
        "n:natural",
        "bool",
        ("Return whether {n} is a power of two; 1 is one.",),
        ("if n < 1:\n    return False\nwhile n % 2 == 0:\n    n //= 2\nreturn n == 1"),
        lambda n: n in [2**i for i in range(40)],
    ),
    K(
        "round_to_multiple next_multiple",
        "n:natural",
        "int",
        ("Return the smallest multiple of {k} that is not below {n}.",),
        "return (n + {k} - 1) // {k} * {k}",
        lambda n, k: math.ceil(n / k) * k,
        (3, 5, 8, 10),
    ),
    K(
        "triangular triangle_number",
        "n:natural",
        "int",
        ("Return the sum of the first {n} odd numbers.",),
        "return sum(2 * i + 1 for i in range(n))",
        lambda n: n * n,
    ),
    K(
        "set_bits count_ones",
        "n:natural",
        "int",
        ("Return how many ones the binary form of {n} has.",),
        'return bin(n).count("1")',
        lambda n: sum(n >> i & 1 for i in range(64)),
    ),
    K(
        "clock_text as_clock format_seconds",
        "seconds:natural",
        "str",
        ("Return a number of seconds as text 'minutes:seconds', the seconds with two digits.",),
        'return f"{seconds // 60}:{seconds % 60:02d}"',
        lambda s: "{}:{:0>2}".format(*divmod(s, 60)),
    ),
    K(
        "percent_change relative_change",
        "old:natural1 new:natural",
        "float",
        ("Return by how many percent {new} is larger than {old}; smaller values give a negative number.",),
        "return 100 * (new - old) / old",
        lambda a, b: (b / a - 1) * 100,
    ),
    K(
        "least_common_multiple lcm_of_two",
        "a:natural1 b:natural1",
        "int",
        ("Return the smallest positive number that both {a} and {b} divide.",),
        ("n = a\nwhile n % b:\n    n += a\nreturn n"),
        lambda a, b: math.lcm(a, b),
    ),
    K(
        "digits_reversed reverse_number",
        "n:natural",
        "int",
        ("Return the number that has the digits of {n} in reverse order.",),
        "return int(str(n)[::-1])",
        lambda n: int("".join(reversed(str(n)))),
    ),
    K(
        "integer_root whole_root",
        "n:natural",
        "int",
        ("Return the largest whole number whose square is not above {n}.",),
        ("r = 0\nwhile (r + 1) * (r + 1) <= n:\n    r += 1\nreturn r"),
        lambda n: math.isqrt(n),
    ),
    K(
        "count_digit digit_occurrences",
        "n:natural",
        "int",
        ("Return how often the digit {k} occurs in {n}.",),
        'return str(n).count("{k}")',
        lambda n, k: sum(d == str(k) for d in str(n)),
        (0, 1, 2, 7),
    ),
    K(
        "grow_yearly after_years",
        "start:natural years:tiny",
        "float",
        ("Return the value of {start} after {years} years of growth by {k} percent a year.",),
        "return start * (1 + {k} / 100) ** years",
        lambda s, y, k: s * math.exp(y * math.log1p(k / 100)),
        (2, 3, 5),
    ),
)
