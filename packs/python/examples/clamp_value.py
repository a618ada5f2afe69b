# request: Write a function clamp_value(x, low, high) that limits a number to the range from low to high.
# kind: function
# tags: numbers
# check: clamp_value(5, 0, 3) == 3
# check: clamp_value(-1, 0, 3) == 0
# check: clamp_value(2, 0, 3) == 2
# ---
def clamp_value(x, low, high):
    """Return x limited to the range from low to high."""
    return max(low, min(x, high))
