# request: Count the particles within a radius of 5 mm of the beam axis, using x_mm and y_mm.
# kind: data
# data: testbeam_mini.root
# tags: flat, testbeam, radius, cut, count
# expect: n_inside = 290
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("testbeam_mini.root")["run"].arrays()
# ---
radius = np.sqrt(events["x_mm"]**2 + events["y_mm"]**2)
n_inside = np.sum(radius < 5)
print(f"METRIC: n_inside={n_inside}")
