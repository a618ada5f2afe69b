# request: Write a function invert_dict that swaps the keys and values of a dictionary.
# kind: function
# tags: dict
# check: invert_dict({"a": 1, "b": 2}) == {1: "a", 2: "b"}
# check: invert_dict({}) == {}
# check: invert_dict({"mu": 13}) == {13: "mu"}
# ---
def invert_dict(table):
    """Return a dictionary from the values of table to its keys."""
    return {value: key for key, value in table.items()}
