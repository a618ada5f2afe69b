# request: What is the mean difference between pt1 and pt2?
# kind: data
# data: zmumu_mini.root
# tags: flat, difference, mean
# expect: mean_difference = -0.482844 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
difference = events["pt1"] - events["pt2"]
mean_difference = np.mean(difference)
print(f"METRIC: mean_difference={mean_difference}")
