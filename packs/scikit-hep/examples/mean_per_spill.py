# request: Which spill has the highest mean number of hits n_hits?
# kind: data
# data: testbeam_mini.root
# tags: flat, testbeam, group, mean
# expect: spill = 4
# expect: mean_hits = 49.52 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("testbeam_mini.root")["run"].arrays()
# ---
spills = np.unique(ak.to_numpy(events["spill"]))
means = [np.mean(events["n_hits"][events["spill"] == s]) for s in spills]
i = np.argmax(means)
spill, mean_hits = spills[i], means[i]
print(f"METRIC: spill={spill}")
print(f"METRIC: mean_hits={mean_hits}")
