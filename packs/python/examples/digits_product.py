# request: Write digits_product(n): the product of the decimal digits of a positive integer.
# kind: function
# tags: numbers, digits, product
# check: digits_product(234) == 24
# check: digits_product(7) == 7
# check: digits_product(105) == 0
# ---
def digits_product(n):
    """Return the product of the decimal digits of n."""
    product = 1
    for digit in str(n):
        product *= int(digit)
    return product
