# request: Write longest_rising(values): the length of the longest strictly increasing stretch of a list.
# kind: function
# tags: lists, runs, length
# check: longest_rising([1, 2, 1, 2, 3]) == 3
# check: longest_rising([]) == 0
# check: longest_rising([5, 4, 3]) == 1
# ---
def longest_rising(values):
    """Return the length of the longest strictly increasing stretch."""
    best = 0
    current = 0
    for i in range(len(values)):
        if i > 0 and values[i] > values[i - 1]:
            current += 1
        else:
            current = 1
        best = max(best, current)
    return best
