# request: What is the 95th percentile of the total energy of muons and jets per event (mu_e and jet_e)?
# kind: data
# data: objects_mini.root
# tags: jagged, sum, energy, percentile
# expect: p95 = 2297.26 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("objects_mini.root")["tree"].arrays()
# ---
total = ak.sum(events["mu_e"], axis=1) + ak.sum(events["jet_e"], axis=1)
p95 = np.percentile(ak.to_numpy(total), 95)
print(f"METRIC: p95={p95}")
