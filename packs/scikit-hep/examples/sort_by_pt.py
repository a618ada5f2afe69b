# request: Sort the jets by descending pt and give the mean pt of the third jet.
# kind: data
# data: nano_mini.root
# tags: jagged, sort, mean
# expect: mean_third = 36.9788 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
pt = ak.sort(events["Jet_pt"], axis=1, ascending=False)
third = pt[ak.num(pt) >= 3][:, 2]
mean_third = np.mean(third)
print(f"METRIC: mean_third={mean_third}")
