# request: Write a function sum_digits that returns the sum of the decimal digits of an integer.
# kind: function
# tags: numbers, loop
# check: sum_digits(1234) == 10
# check: sum_digits(-56) == 11
# check: sum_digits(0) == 0
# ---
def sum_digits(number):
    """Return the sum of the decimal digits of number."""
    return sum(int(digit) for digit in str(abs(number)))
