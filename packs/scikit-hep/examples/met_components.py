# request: Compute the x and y components of the missing energy from MET_pt and MET_phi and print their means.
# kind: data
# data: nano_mini.root
# tags: flat, met, components, mean
# expect: mean_x = -1.16671 +- 0.1%
# expect: mean_y = -0.950207 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
met_x = events["MET_pt"] * np.cos(events["MET_phi"])
met_y = events["MET_pt"] * np.sin(events["MET_phi"])
mean_x = np.mean(met_x)
mean_y = np.mean(met_y)
print(f"METRIC: mean_x={mean_x}")
print(f"METRIC: mean_y={mean_y}")
