# request: What is the mean pt of the leading jet?
# kind: data
# data: nano_mini.root
# tags: jagged, leading, max, mean
# expect: mean_leading = 67.712 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
leading = ak.drop_none(ak.max(events["Jet_pt"], axis=1))
mean_leading = np.mean(leading)
print(f"METRIC: mean_leading={mean_leading}")
