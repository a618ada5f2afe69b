# request: Write a function remove_repeats that removes repeated items from a list and keeps the order of first appearance.
# kind: function
# tags: lists, set
# check: remove_repeats([3, 1, 3, 2, 1]) == [3, 1, 2]
# check: remove_repeats([]) == []
# check: remove_repeats(["a", "a"]) == ["a"]
# ---
def remove_repeats(items):
    """Return the items without repeats in their first order."""
    seen = []
    for item in items:
        if item not in seen:
            seen.append(item)
    return seen
