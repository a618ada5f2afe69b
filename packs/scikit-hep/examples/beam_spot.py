# request: Where is the beam spot in x_mm and y_mm and how wide is it?
# kind: data
# data: testbeam_mini.root
# tags: flat, testbeam, mean, std
# expect: mean_x = 2.05371 +- 0.1%
# expect: mean_y = -0.592288 +- 0.1%
# expect: std_x = 5.95931 +- 0.1%
# expect: std_y = 4.45723 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("testbeam_mini.root")["run"].arrays()
# ---
mean_x = np.mean(events["x_mm"])
mean_y = np.mean(events["y_mm"])
std_x = np.std(events["x_mm"])
std_y = np.std(events["y_mm"])
print(f"METRIC: mean_x={mean_x}")
print(f"METRIC: mean_y={mean_y}")
print(f"METRIC: std_x={std_x}")
print(f"METRIC: std_y={std_y}")
