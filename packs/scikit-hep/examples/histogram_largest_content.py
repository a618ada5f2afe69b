# request: Histogram pt1 with 20 bins between 0 and 100 and give the largest bin content.
# kind: data
# data: zmumu_mini.root
# tags: flat, histogram, maximum
# expect: largest = 96
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
counts, edges = np.histogram(events["pt1"], bins=20, range=(0, 100))
largest = np.max(counts)
print(f"METRIC: largest={largest}")
