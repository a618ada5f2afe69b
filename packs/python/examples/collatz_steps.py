# request: Write collatz_steps(n): how many steps (halve if even, else times three plus one) lead from n to 1.
# kind: function
# tags: numbers, loop
# check: collatz_steps(6) == 8
# check: collatz_steps(1) == 0
# check: collatz_steps(8) == 3
# ---
def collatz_steps(n):
    """Return the number of Collatz steps from n to 1."""
    steps = 0
    while n != 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps
