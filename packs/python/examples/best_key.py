# request: Write best_key(scores): the key with the highest value in a dictionary, or None if it is empty.
# kind: function
# tags: dict, maximum
# check: best_key({"a": 1, "b": 5}) == "b"
# check: best_key({}) == None
# check: best_key({"x": -2, "y": -1}) == "y"
# ---
def best_key(scores):
    """Return the key with the highest value, or None."""
    if not scores:
        return None
    return max(scores, key=scores.get)
