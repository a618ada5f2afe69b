# request: How strongly are e_ecal and e_hcal correlated? Print the Pearson coefficient.
# kind: data
# data: testbeam_mini.root
# tags: flat, testbeam, correlation
# expect: correlation = -0.96358 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("testbeam_mini.root")["run"].arrays()
# ---
correlation = np.corrcoef(events["e_ecal"], events["e_hcal"])[0, 1]
print(f"METRIC: correlation={correlation}")
