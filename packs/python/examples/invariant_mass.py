# request: Write a function invariant_mass(e, px, py, pz) that returns the invariant mass of a particle, 0 if it is not real.
# kind: function
# tags: numbers, physics
# check: invariant_mass(5.0, 3.0, 0.0, 0.0) == 4.0
# check: invariant_mass(1.0, 0.0, 0.0, 1.0) == 0.0
# check: invariant_mass(1.0, 2.0, 0.0, 0.0) == 0.0
# ---
import math


def invariant_mass(e, px, py, pz):
    """Return the invariant mass, or 0 if its square is negative."""
    mass2 = e**2 - px**2 - py**2 - pz**2
    return math.sqrt(max(mass2, 0.0))
