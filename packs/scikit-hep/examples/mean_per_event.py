# request: Average the jet pt in each event first; what is the mean of these averages?
# kind: data
# data: nano_mini.root
# tags: jagged, axis, mean
# expect: mean_of_means = 48.6577 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
pt = events["Jet_pt"][ak.num(events["Jet_pt"]) > 0]
per_event = ak.mean(pt, axis=1)
mean_of_means = np.mean(per_event)
print(f"METRIC: mean_of_means={mean_of_means}")
