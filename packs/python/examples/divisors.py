# request: Write divisors(n): the sorted list of all divisors of a positive integer.
# kind: function
# tags: numbers, lists
# check: divisors(12) == [1, 2, 3, 4, 6, 12]
# check: divisors(1) == [1]
# check: divisors(13) == [1, 13]
# ---
def divisors(n):
    """Return the sorted list of the divisors of n."""
    return [d for d in range(1, n + 1) if n % d == 0]
