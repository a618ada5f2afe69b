# request: Plot the number of jets per event and save the figure as njets.png.
# kind: data
# data: nano_mini.root
# tags: jagged, plot, num, png
# expect: mean_jets = 2.61563 +- 0.1%
# artifact: njets.png
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
n_jets = ak.to_numpy(ak.num(events["Jet_pt"]))
plt.hist(n_jets, bins=np.arange(-0.5, 12.5))
plt.xlabel("number of jets")
plt.savefig("njets.png")
mean_jets = np.mean(n_jets)
print(f"METRIC: mean_jets={mean_jets}")
