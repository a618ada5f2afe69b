# request: Write a function split_chunks(items, size) that cuts a list into pieces of the given size; the last may be shorter.
# kind: function
# tags: lists
# check: split_chunks([1, 2, 3], 2) == [[1, 2], [3]]
# check: split_chunks([], 4) == []
# check: split_chunks([1, 2], 5) == [[1, 2]]
# ---
def split_chunks(items, size):
    """Return items cut into lists of the given size."""
    return [items[i:i + size] for i in range(0, len(items), size)]
