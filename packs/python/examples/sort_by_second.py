# request: Write a function sort_by_second that sorts a list of pairs by the second item, largest first.
# kind: function
# tags: sorting, lists
# check: sort_by_second([("a", 1), ("b", 3), ("c", 2)]) == [("b", 3), ("c", 2), ("a", 1)]
# check: sort_by_second([]) == []
# check: sort_by_second([(1, 1), (2, 5)]) == [(2, 5), (1, 1)]
# ---
def sort_by_second(pairs):
    """Return pairs sorted by the second item, largest first."""
    return sorted(pairs, key=lambda pair: pair[1], reverse=True)
