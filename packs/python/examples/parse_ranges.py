# request: Write a function parse_ranges that expands a text like "1-3,7" to the list of all numbers in it.
# kind: function
# tags: parsing, lists, numbers
# check: parse_ranges("1-3,7") == [1, 2, 3, 7]
# check: parse_ranges("5") == [5]
# check: parse_ranges("") == []
# ---
def parse_ranges(text):
    """Return the list of numbers described by text such as "1-3,7"."""
    numbers = []
    for part in text.split(","):
        if "-" in part:
            first, last = part.split("-")
            numbers.extend(range(int(first), int(last) + 1))
        elif part:
            numbers.append(int(part))
    return numbers
