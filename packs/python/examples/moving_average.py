# request: Write moving_average(values, n): the means of every n neighbouring values of a list.
# kind: function
# tags: lists, numbers, mean
# check: moving_average([1, 2, 3, 4], 2) == [1.5, 2.5, 3.5]
# check: moving_average([5], 1) == [5.0]
# check: moving_average([1, 2], 3) == []
# ---
def moving_average(values, n):
    """Return the means of every n neighbouring values."""
    return [sum(values[i:i + n]) / n for i in range(len(values) - n + 1)]
