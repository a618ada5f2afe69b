# request: Make a histogram of E1 with 40 bins from 0 to 200. How many entries are inside and how many above the range?
# kind: data
# data: zmumu_mini.root
# tags: flat, histogram, overflow
# expect: inside = 427
# expect: overflow = 23
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
counts, edges = np.histogram(events["E1"], bins=40, range=(0, 200))
overflow = np.sum(events["E1"] > 200)
inside = np.sum(counts)
print(f"METRIC: inside={inside}")
print(f"METRIC: overflow={overflow}")
