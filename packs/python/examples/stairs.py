# request: Write stairs(n): the number of ways to climb n steps taking one or two at a time.
# kind: function
# tags: numbers, recursion, sequence
# check: stairs(1) == 1
# check: stairs(4) == 5
# check: stairs(0) == 1
# ---
def stairs(n):
    """Return the number of ways to climb n steps, one or two at a time."""
    a, b = 1, 1
    for _ in range(n):
        a, b = b, a + b
    return a
