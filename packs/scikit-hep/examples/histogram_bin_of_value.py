# request: Fill a histogram of M with 50 bins from 0 to 200. How many entries has the bin that contains 91?
# kind: data
# data: zmumu_mini.root
# tags: flat, histogram, bin
# expect: content = 217
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
counts, edges = np.histogram(events["M"], bins=50, range=(0, 200))
i = np.searchsorted(edges, 91, side="right") - 1
content = counts[i]
print(f"METRIC: content={content}")
