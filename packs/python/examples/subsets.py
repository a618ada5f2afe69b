# request: Write a function subsets that returns all subsets of a list as lists, by recursion.
# kind: function
# tags: recursion, lists
# check: subsets([]) == [[]]
# check: subsets([1]) == [[], [1]]
# check: subsets([1, 2]) == [[], [2], [1], [1, 2]]
# ---
def subsets(items):
    """Return all subsets of items as lists."""
    if not items:
        return [[]]
    rest = subsets(items[1:])
    return rest + [[items[0]] + subset for subset in rest]
