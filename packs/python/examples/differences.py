# request: Write differences(values): the list of differences between each value and the one before it.
# kind: function
# tags: lists, numbers
# check: differences([1, 4, 9]) == [3, 5]
# check: differences([7]) == []
# check: differences([2, 2, 1]) == [0, -1]
# ---
def differences(values):
    """Return the differences between neighbouring values."""
    return [b - a for a, b in zip(values, values[1:])]
