# request: What fraction of HT does the leading jet carry on average, in events with a jet?
# kind: data
# data: nano_mini.root
# tags: jagged, ht, sum, ratio, mean
# expect: mean_share = 0.59456 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
pt = events["Jet_pt"][ak.num(events["Jet_pt"]) > 0]
share = ak.max(pt, axis=1) / ak.sum(pt, axis=1)
mean_share = np.mean(share)
print(f"METRIC: mean_share={mean_share}")
