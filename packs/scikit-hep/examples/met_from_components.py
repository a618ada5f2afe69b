# request: What is the mean missing energy, computed from met_px and met_py?
# kind: data
# data: objects_mini.root
# tags: flat, components, met, mean
# expect: mean_met = 27.4378 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("objects_mini.root")["tree"].arrays()
# ---
met = np.sqrt(events["met_px"]**2 + events["met_py"]**2)
mean_met = np.mean(met)
print(f"METRIC: mean_met={mean_met}")
