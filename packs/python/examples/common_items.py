# request: Write common_items(a, b): the sorted items that occur in both lists, each once.
# kind: function
# tags: lists, sets, sort
# check: common_items([3, 1, 3], [3, 2, 1]) == [1, 3]
# check: common_items([1], []) == []
# check: common_items(['b', 'a'], ['a']) == ['a']
# ---
def common_items(a, b):
    """Return the sorted items that occur in both lists."""
    return sorted(set(a) & set(b))
