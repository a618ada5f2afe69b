# request: Histogram the pt of all jets with 25 bins from 0 to 250. How many jets are in the highest bin?
# kind: data
# data: nano_mini.root
# tags: jagged, histogram, flatten, bin
# expect: highest = 230
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
pt = ak.to_numpy(ak.flatten(events["Jet_pt"]))
counts, edges = np.histogram(pt, bins=25, range=(0, 250))
highest = np.max(counts)
print(f"METRIC: highest={highest}")
