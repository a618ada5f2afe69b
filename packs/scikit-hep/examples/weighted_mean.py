# request: What is the weighted mean of n_vertices with the weights in weight?
# kind: data
# data: objects_mini.root
# tags: flat, weight, mean
# expect: mean_vertices = 17.966 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("objects_mini.root")["tree"].arrays()
# ---
mean_vertices = np.sum(events["weight"] * events["n_vertices"]) / np.sum(events["weight"])
print(f"METRIC: mean_vertices={mean_vertices}")
