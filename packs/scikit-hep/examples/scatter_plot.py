# request: Draw a scatter plot of pt1 against pt2 and save it to scatter.png.
# kind: data
# data: zmumu_mini.root
# tags: flat, plot, scatter, png
# expect: n_points = 450
# artifact: scatter.png
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
plt.scatter(ak.to_numpy(events["pt1"]), ak.to_numpy(events["pt2"]), s=4)
plt.xlabel("pt1 [GeV]")
plt.ylabel("pt2 [GeV]")
plt.savefig("scatter.png")
n_points = len(events)
print(f"METRIC: n_points={n_points}")
