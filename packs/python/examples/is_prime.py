# request: Write is_prime(n): True if n is a prime number.
# kind: function
# tags: numbers, divisors, test
# check: is_prime(7) == True
# check: is_prime(1) == False
# check: is_prime(9) == False
# check: is_prime(2) == True
# ---
def is_prime(n):
    """Return True if n is a prime number."""
    if n < 2:
        return False
    for i in range(2, int(n**0.5) + 1):
        if n % i == 0:
            return False
    return True
