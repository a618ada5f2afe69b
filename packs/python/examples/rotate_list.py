# request: Write rotate_list(items, n): the list with its first n items moved to the end.
# kind: function
# tags: lists
# check: rotate_list([1, 2, 3], 1) == [2, 3, 1]
# check: rotate_list([1, 2, 3], 4) == [2, 3, 1]
# check: rotate_list([], 2) == []
# ---
def rotate_list(items, n):
    """Return items with the first n moved to the end."""
    if not items:
        return []
    n = n % len(items)
    return items[n:] + items[:n]
