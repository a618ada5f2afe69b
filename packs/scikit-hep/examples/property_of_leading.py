# request: What is the mean mass of the jet with the highest pt in each event?
# kind: data
# data: nano_mini.root
# tags: jagged, argmax, leading, mean
# expect: mean_mass = 7.99218 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
i = ak.argmax(events["Jet_pt"], axis=1, keepdims=True)
mass = ak.drop_none(ak.flatten(events["Jet_mass"][i]))
mean_mass = np.mean(mass)
print(f"METRIC: mean_mass={mean_mass}")
