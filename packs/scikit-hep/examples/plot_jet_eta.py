# request: Plot a histogram of the eta of all jets, 40 bins from -5 to 5, and save it as jet_eta.png.
# kind: data
# data: nano_mini.root
# tags: jagged, plot, histogram, flatten, png
# expect: n_jets = 837
# artifact: jet_eta.png
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
eta = ak.to_numpy(ak.flatten(events["Jet_eta"]))
plt.hist(eta, bins=40, range=(-5, 5))
plt.xlabel("jet eta")
plt.savefig("jet_eta.png")
n_jets = len(eta)
print(f"METRIC: n_jets={n_jets}")
