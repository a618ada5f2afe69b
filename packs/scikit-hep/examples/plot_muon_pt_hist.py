# request: Use hist to fill a histogram of the pt of all muons, 40 bins from 0 to 120, plot it and save it as muon_pt.png.
# kind: data
# data: nano_mini.root
# tags: jagged, plot, hist, png
# expect: entries = 398 +- 0.1%
# artifact: muon_pt.png
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
from hist import Hist
h = Hist.new.Reg(40, 0, 120, name="pt").Double()
h.fill(ak.flatten(events["Muon_pt"]))
h.plot()
plt.savefig("muon_pt.png")
entries = h.sum()
print(f"METRIC: entries={entries}")
