# request: Compute the mass of each jet from jet_e, jet_px, jet_py, jet_pz and print the average.
# kind: data
# data: objects_mini.root
# tags: jagged, components, mass, mean
# expect: mean_mass = 5.80433 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("objects_mini.root")["tree"].arrays()
# ---
mass2 = events["jet_e"]**2 - events["jet_px"]**2 - events["jet_py"]**2 - events["jet_pz"]**2
mass = np.sqrt(np.maximum(mass2, 0))
mean_mass = np.mean(ak.flatten(mass))
print(f"METRIC: mean_mass={mean_mass}")
