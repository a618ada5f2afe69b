# request: Write flatten_nested(items): a flat list of all values in a list of lists of any depth.
# kind: function
# tags: lists, recursion
# check: flatten_nested([1, [2, [3, 4]], 5]) == [1, 2, 3, 4, 5]
# check: flatten_nested([]) == []
# check: flatten_nested([[[7]]]) == [7]
# ---
def flatten_nested(items):
    """Return all values in nested lists as one flat list."""
    flat = []
    for item in items:
        if isinstance(item, list):
            flat.extend(flatten_nested(item))
        else:
            flat.append(item)
    return flat
