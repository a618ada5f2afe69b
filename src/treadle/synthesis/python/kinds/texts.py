"""Small functions of strings."""

from __future__ import annotations

from treadle.synthesis.python.kinds.kind import FunctionKind as K

__all__ = ["KINDS"]


KINDS: tuple[K, ...] = (
    K(
        "count_words number_of_words word_total",
        "text:text",
        "int",
        ("Count the words of {text}; words are separated by blanks.",),
        "return len(text.split())",
        lambda t: len([w for w in t.split(" ") if w]),
    ),
    K(
        "words_longer_than long_words filter_long",
        "text:text",
        "list[str]",
        ("Return the words of {text} that have more than {k} letters, in their order.",),
        "return [word for word in text.split() if len(word) > {k}]",
        lambda t, k: [w for w in t.split() if not len(w) <= k],
        (3, 4, 5),
    ),
    K(
        "shared_beginning common_start prefix_of_both",
        "a:word b:word",
        "str",
        ("Return the longest beginning that {a} and {b} have in common.",),
        ("n = 0\nwhile n < min(len(a), len(b)) and a[n] == b[n]:\n    n += 1\nreturn a[:n]"),
        lambda a, b: max((a[:n] for n in range(len(a) + 1) if b.startswith(a[:n])), key=len),
    ),
    K(
        "reverse_words backwards_words flip_sentence",
        "text:text",
        "str",
        ("Return {text} with the order of its words reversed, joined by single blanks.",),
        'return " ".join(text.split()[::-1])',
        lambda t: " ".join(reversed(t.split())),
    ),
    K(
        "replace_word censor mask_word",
        "text:text word:word",
        "str",
        ("Return {text} with every word that equals {word} replaced by as many stars as it has letters.",),
        ('words = ["*" * len(w) if w == word else w for w in text.split()]\nreturn " ".join(words)'),
        lambda t, w: " ".join(x if x != w else len(w) * "*" for x in t.split()),
    ),
    K(
        "first_repeated repeated_letter first_double",
        "text:word",
        "str",
        ("Return the first character of {text} that has occurred before, or an empty string.",),
        ('seen = set()\nfor c in text:\n    if c in seen:\n        return c\n    seen.add(c)\nreturn ""'),
        lambda t: next((c for i, c in enumerate(t) if c in t[:i]), ""),
    ),
    K(
        "only_letters letters_of strip_non_letters",
        "text:text",
        "str",
        ("Return {text} without all characters that are not letters.",),
        'return "".join(c for c in text if c.isalpha())',
        lambda t: "".join(filter(str.isalpha, t)),
    ),
    K(
        "pad_number zero_fill fixed_width",
        "n:natural",
        "str",
        ("Return the number {n} as text with at least {k} characters, filled with zeros on the left.",),
        "return str(n).zfill({k})",
        lambda n, k: f"{n:0{k}d}",
        (3, 4, 5, 6),
    ),
    K(
        "key_values read_settings parse_fields",
        "text:fields",
        "dict[str, str]",
        ("Read a text such as 'a=1;b=2' into a dictionary of strings. An empty text gives an empty dictionary.",),
        (
            "found = {}\n"
            'for part in text.split(";"):\n'
            '    if "=" in part:\n'
            '        key, value = part.split("=", 1)\n'
            "        found[key] = value\n"
            "return found"
        ),
        lambda t: dict(p.split("=", 1) for p in t.split(";") if "=" in p),
    ),
    K(
        "longest_word_length widest_word",
        "text:text",
        "int",
        ("Return the length of the longest word in {text}, 0 if there are no words.",),
        "return max((len(word) for word in text.split()), default=0)",
        lambda t: sorted([0, *map(len, t.split())])[-1],
    ),
    K(
        "every_other_letter skip_letters",
        "text:word",
        "str",
        ("Return the characters of {text} at even positions, counted from 0.",),
        "return text[::2]",
        lambda t: "".join(t[i] for i in range(0, len(t), 2)),
    ),
    K(
        "repeat_letters stretch_text",
        "text:word",
        "str",
        ("Return {text} with each character repeated {k} times.",),
        'return "".join(c * {k} for c in text)',
        lambda t, k: "".join(c for c in t for _ in range(k)),
        (2, 3),
    ),
    K(
        "starts_with_capital count_capitalised",
        "text:text",
        "int",
        ("Count the words of {text} that begin with a capital letter.",),
        "return sum(1 for word in text.split() if word[0].isupper())",
        lambda t: len([w for w in t.split() if w[:1] != w[:1].lower()]),
    ),
    K(
        "join_nonempty merge_parts",
        "parts:words",
        "str",
        ("Join the words in {parts} that are not empty by '{k}'.",),
        "return '{k}'.join(part for part in parts if part)",
        lambda ws, k: k.join([w for w in ws if len(w)]),
        ("-", "/", "_", "+"),
    ),
    K(
        "position_of_letters letter_positions",
        "text:word",
        "dict[str, list[int]]",
        ("Return a dictionary from each character of {text} to the list of its positions.",),
        ("found = {}\nfor i, c in enumerate(text):\n    found.setdefault(c, []).append(i)\nreturn found"),
        lambda t: {c: [i for i, d in enumerate(t) if d == c] for c in t},
    ),
    K(
        "is_rotation rotated_form",
        "a:word b:word",
        "bool",
        ("Return whether {b} can be made from {a} by moving letters from its beginning to its end.",),
        "return len(a) == len(b) and b in a + a",
        lambda a, b: any(a[i:] + a[:i] == b for i in range(len(a) + 1)),
    ),
)
