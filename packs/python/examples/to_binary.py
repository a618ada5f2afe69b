# request: Write a function to_binary that returns the binary digits of a non-negative integer as text, by recursion.
# kind: function
# tags: numbers, recursion
# check: to_binary(10) == "1010"
# check: to_binary(0) == "0"
# check: to_binary(1) == "1"
# ---
def to_binary(n):
    """Return the binary digits of n as text."""
    if n < 2:
        return str(n)
    return to_binary(n // 2) + str(n % 2)
