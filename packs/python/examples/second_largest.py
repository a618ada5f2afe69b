# request: Write second_largest(values): the second largest different value of a list, or None if there is none.
# kind: function
# tags: lists, maximum, sorting
# check: second_largest([4, 9, 7]) == 7
# check: second_largest([5, 5]) == None
# check: second_largest([1, 2, 2]) == 1
# ---
def second_largest(values):
    """Return the second largest different value, or None."""
    different = sorted(set(values))
    if len(different) < 2:
        return None
    return different[-2]
