# request: Write running_maximum(values): a list with the largest value seen so far at each position.
# kind: function
# tags: lists, maximum, cumulative
# check: running_maximum([1, 3, 2]) == [1, 3, 3]
# check: running_maximum([]) == []
# check: running_maximum([-2, -5]) == [-2, -2]
# ---
def running_maximum(values):
    """Return the largest value seen so far at each position."""
    result = []
    for value in values:
        if result and result[-1] > value:
            value = result[-1]
        result.append(value)
    return result
