# request: Write a function merge_sums(a, b) that merges two dictionaries and adds the values of common keys.
# kind: function
# tags: dict, numbers
# check: merge_sums({"x": 1}, {"x": 2, "y": 3}) == {"x": 3, "y": 3}
# check: merge_sums({}, {}) == {}
# check: merge_sums({"a": 1}, {}) == {"a": 1}
# ---
def merge_sums(a, b):
    """Return a dictionary with the sums of the values in a and b."""
    merged = dict(a)
    for key, value in b.items():
        merged[key] = merged.get(key, 0) + value
    return merged
