# request: Fill a hist histogram of eta1 with 24 bins from -6 to 6 and print the number of entries in the highest bin.
# kind: data
# data: zmumu_mini.root
# tags: flat, histogram, hist
# expect: highest = 82 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
from hist import Hist
h = Hist.new.Reg(24, -6, 6, name="eta1").Double()
h.fill(events["eta1"])
highest = np.max(h.values())
print(f"METRIC: highest={highest}")
