# request: Write a function extract_numbers that returns all integers found in a text, with their sign.
# kind: function
# tags: parsing, strings, regex
# check: extract_numbers("a1 b-22 c3") == [1, -22, 3]
# check: extract_numbers("none") == []
# check: extract_numbers("run 1234") == [1234]
# ---
import re


def extract_numbers(text):
    """Return the integers in text as a list."""
    return [int(number) for number in re.findall(r"-?\d+", text)]
