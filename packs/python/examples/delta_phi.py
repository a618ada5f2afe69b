# request: Write delta_phi(a, b): the difference of two angles in radians, wrapped into the range from -pi to pi.
# kind: function
# tags: numbers, physics
# check: delta_phi(1.0, 0.5) == 0.5
# check: delta_phi(3.0, -3.0) == -0.28318530717958623
# check: delta_phi(0.0, 0.0) == 0.0
# ---
import math


def delta_phi(a, b):
    """Return a minus b, wrapped into the range from -pi to pi."""
    return (a - b + math.pi) % (2 * math.pi) - math.pi
