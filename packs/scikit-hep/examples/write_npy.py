# request: Save the masses M between 60 and 120 as a numpy file masses.npy.
# kind: data
# data: zmumu_mini.root
# tags: flat, write, npy, numpy
# expect: n_saved = 417
# artifact: masses.npy
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
mass = ak.to_numpy(events["M"])
mass = mass[(mass > 60) & (mass < 120)]
np.save("masses.npy", mass)
n_saved = len(mass)
print(f"METRIC: n_saved={n_saved}")
