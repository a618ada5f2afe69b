# request: Compare the mean pt1 in the barrel (|eta1| < 1.5) and in the endcap (|eta1| >= 1.5).
# kind: data
# data: zmumu_mini.root
# tags: flat, cut, mean
# expect: mean_barrel = 37.8186 +- 0.1%
# expect: mean_endcap = 33.6633 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
barrel = np.abs(events["eta1"]) < 1.5
mean_barrel = np.mean(events["pt1"][barrel])
mean_endcap = np.mean(events["pt1"][~barrel])
print(f"METRIC: mean_barrel={mean_barrel}")
print(f"METRIC: mean_endcap={mean_endcap}")
