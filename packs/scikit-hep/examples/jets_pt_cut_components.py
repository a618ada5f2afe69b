# request: How many events have at least two jets with pt > 40? The file has jet_px and jet_py.
# kind: data
# data: objects_mini.root
# tags: jagged, components, pt, cut, num, count
# expect: n_events = 117
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("objects_mini.root")["tree"].arrays()
# ---
pt = np.sqrt(events["jet_px"]**2 + events["jet_py"]**2)
n_jets = ak.sum(pt > 40, axis=1)
n_events = np.sum(n_jets >= 2)
print(f"METRIC: n_events={n_events}")
