# request: What fraction of events has any jet with pt above 60 GeV?
# kind: data
# data: nano_mini.root
# tags: jagged, any, fraction
# expect: fraction = 0.48125 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
mask = ak.any(events["Jet_pt"] > 60, axis=1)
fraction = np.mean(mask)
print(f"METRIC: fraction={fraction}")
