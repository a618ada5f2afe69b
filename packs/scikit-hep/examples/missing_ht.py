# request: Compute the missing HT, the size of the vector sum of all jets from jet_px and jet_py, and give its mean.
# kind: data
# data: objects_mini.root
# tags: jagged, components, sum, mean
# expect: mean_mht = 83.7441 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("objects_mini.root")["tree"].arrays()
# ---
px = ak.sum(events["jet_px"], axis=1)
py = ak.sum(events["jet_py"], axis=1)
mht = np.sqrt(px**2 + py**2)
mean_mht = np.mean(mht)
print(f"METRIC: mean_mht={mean_mht}")
