# request: Write find_sorted(values, target): the position of target in a sorted list, or -1, by halving.
# kind: function
# tags: lists, search, sorted
# check: find_sorted([1, 3, 5], 5) == 2
# check: find_sorted([1, 3, 5], 4) == -1
# check: find_sorted([], 1) == -1
# ---
def find_sorted(values, target):
    """Return the position of target in sorted values, or -1."""
    low, high = 0, len(values) - 1
    while low <= high:
        middle = (low + high) // 2
        if values[middle] == target:
            return middle
        if values[middle] < target:
            low = middle + 1
        else:
            high = middle - 1
    return -1
