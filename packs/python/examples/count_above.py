# request: Write a function count_above(values, limit) that counts how many values are greater than the limit.
# kind: function
# tags: lists, count
# check: count_above([1, 5, 9], 4) == 2
# check: count_above([], 0) == 0
# check: count_above([3, 3], 3) == 0
# ---
def count_above(values, limit):
    """Return how many values are greater than limit."""
    return sum(1 for value in values if value > limit)
