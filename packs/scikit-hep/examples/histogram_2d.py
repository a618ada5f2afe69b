# request: Make a two-dimensional histogram of x_mm and y_mm, 10 by 10 bins from -20 to 20. What is the largest bin content?
# kind: data
# data: testbeam_mini.root
# tags: flat, testbeam, histogram, maximum
# expect: largest = 68 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("testbeam_mini.root")["run"].arrays()
# ---
x, y = ak.to_numpy(events["x_mm"]), ak.to_numpy(events["y_mm"])
counts, x_edges, y_edges = np.histogram2d(x, y, bins=10, range=[(-20, 20), (-20, 20)])
largest = np.max(counts)
print(f"METRIC: largest={largest}")
