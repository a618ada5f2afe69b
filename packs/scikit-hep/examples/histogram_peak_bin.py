# request: Make a histogram of M with 60 bins from 60 to 120. What is the centre of the highest bin?
# kind: data
# data: zmumu_mini.root
# tags: flat, histogram, peak
# expect: centre = 90.5 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
counts, edges = np.histogram(events["M"], bins=60, range=(60, 120))
i = np.argmax(counts)
centre = (edges[i] + edges[i + 1]) / 2
print(f"METRIC: centre={centre}")
