# request: Make a histogram of n_vertices with 40 bins from 0 to 40, weighted with weight. What is the largest bin content?
# kind: data
# data: objects_mini.root
# tags: flat, weight, histogram, maximum
# expect: largest = 26.67 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("objects_mini.root")["tree"].arrays()
# ---
counts, edges = np.histogram(events["n_vertices"], bins=40, range=(0, 40), weights=events["weight"])
largest = np.max(counts)
print(f"METRIC: largest={largest}")
