# request: Write pairs_with_sum(numbers, total): how many pairs of positions i < j have numbers that add up to total.
# kind: function
# tags: lists, pairs, count
# check: pairs_with_sum([1, 2, 3], 4) == 1
# check: pairs_with_sum([2, 2, 2], 4) == 3
# check: pairs_with_sum([], 0) == 0
# ---
def pairs_with_sum(numbers, total):
    """Return how many pairs of positions add up to total."""
    count = 0
    for i in range(len(numbers)):
        for j in range(i + 1, len(numbers)):
            if numbers[i] + numbers[j] == total:
                count += 1
    return count
