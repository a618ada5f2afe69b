# request: Write the mean and the standard deviation of pt1 to summary.json.
# kind: data
# data: zmumu_mini.root
# tags: flat, write, json, summary
# expect: mean = 36.7475 +- 0.1%
# expect: std = 11.2966 +- 0.1%
# artifact: summary.json
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
import json
mean, std = float(np.mean(events["pt1"])), float(np.std(events["pt1"]))
with open("summary.json", "w") as file:
    json.dump({"mean": mean, "std": std}, file)
print(f"METRIC: mean={mean}")
print(f"METRIC: std={std}")
