# request: Compute the invariant mass of the two muons from E1, px1, py1, pz1 and E2, px2, py2, pz2. What is its mean?
# kind: data
# data: zmumu_mini.root
# tags: flat, components, mass, mean
# expect: mean_mass = 88.1142 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
e = events["E1"] + events["E2"]
px = events["px1"] + events["px2"]
py = events["py1"] + events["py2"]
pz = events["pz1"] + events["pz2"]
mass = np.sqrt(e**2 - px**2 - py**2 - pz**2)
mean_mass = np.mean(mass)
print(f"METRIC: mean_mass={mean_mass}")
