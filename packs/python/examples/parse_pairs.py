# request: Write parse_pairs(line): parses "a=1,b=2" into a dictionary of integers.
# kind: function
# tags: parsing, dict, strings
# check: parse_pairs("a=1,b=2") == {"a": 1, "b": 2}
# check: parse_pairs("x=-3") == {"x": -3}
# check: parse_pairs("") == {}
# ---
def parse_pairs(line):
    """Return a dictionary of integers from a text such as "a=1,b=2"."""
    pairs = {}
    for item in line.split(","):
        if item:
            key, value = item.split("=")
            pairs[key.strip()] = int(value)
    return pairs
