# request: Write a function common_divisor(a, b) that gives the greatest common divisor of two integers.
# kind: function
# tags: numbers, divisors
# check: common_divisor(12, 18) == 6
# check: common_divisor(7, 3) == 1
# check: common_divisor(0, 5) == 5
# ---
def common_divisor(a, b):
    """Return the greatest common divisor of a and b."""
    while b:
        a, b = b, a % b
    return a
