# request: What fraction of the events has no electron?
# kind: data
# data: nano_mini.root
# tags: jagged, num, fraction
# expect: fraction = 0.775 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
fraction = np.mean(ak.num(events["Electron_pt"]) == 0)
print(f"METRIC: fraction={fraction}")
