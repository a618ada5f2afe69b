# request: What is the mean invariant mass of the two leading jets?
# kind: data
# data: nano_mini.root
# tags: jagged, mass, vector, jets, pair, mean
# expect: mean_mass = 219.119 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
import vector
jets = vector.zip({"pt": events["Jet_pt"], "eta": events["Jet_eta"], "phi": events["Jet_phi"], "mass": events["Jet_mass"]})
jets = jets[ak.num(jets) >= 2]
mass = (jets[:, 0] + jets[:, 1]).mass
mean_mass = np.mean(mass)
print(f"METRIC: mean_mass={mean_mass}")
