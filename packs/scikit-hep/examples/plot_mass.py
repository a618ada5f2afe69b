# request: Plot the dimuon mass M with 60 bins from 60 to 120 and save it as mass.png.
# kind: data
# data: zmumu_mini.root
# tags: flat, plot, histogram, png
# expect: n_plotted = 417 +- 0.1%
# artifact: mass.png
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
counts, edges, _ = plt.hist(ak.to_numpy(events["M"]), bins=60, range=(60, 120))
plt.xlabel("M [GeV]")
plt.ylabel("events")
plt.savefig("mass.png")
n_plotted = np.sum(counts)
print(f"METRIC: n_plotted={n_plotted}")
