# request: Print the median transverse momentum of all jets.
# kind: data
# data: nano_mini.root
# tags: jagged, flatten, median
# expect: median_pt = 40.2363 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
median_pt = np.median(ak.to_numpy(ak.flatten(events["Jet_pt"])))
print(f"METRIC: median_pt={median_pt}")
