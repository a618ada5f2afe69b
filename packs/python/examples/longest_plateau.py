# request: Write longest_plateau(numbers): the length of the longest stretch of equal neighbouring numbers.
# kind: function
# tags: lists, runs, length
# check: longest_plateau([1, 1, 2]) == 2
# check: longest_plateau([]) == 0
# check: longest_plateau([3, 3, 5, 5, 5, 1]) == 3
# ---
def longest_plateau(numbers):
    """Return the length of the longest stretch of equal neighbours."""
    best = 0
    current = 0
    previous = None
    for number in numbers:
        current = current + 1 if number == previous else 1
        previous = number
        best = max(best, current)
    return best
