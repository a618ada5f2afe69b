# request: Write weighted_mean(values, weights): the mean of the values weighted by the weights.
# kind: function
# tags: numbers, mean, lists
# check: weighted_mean([1.0, 3.0], [1, 1]) == 2.0
# check: weighted_mean([1.0, 3.0], [3, 1]) == 1.5
# check: weighted_mean([4.0], [2]) == 4.0
# ---
def weighted_mean(values, weights):
    """Return the weighted mean of values."""
    total = sum(value * weight for value, weight in zip(values, weights))
    return total / sum(weights)
