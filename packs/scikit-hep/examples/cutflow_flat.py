# request: Print a cutflow: all events, then pt1 and pt2 above 20, then opposite charge, then 80 < M < 100.
# kind: data
# data: zmumu_mini.root
# tags: flat, cutflow, cut, count
# expect: n_all = 450
# expect: n_pt = 391
# expect: n_charge = 378
# expect: n_window = 345
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
pt = (events["pt1"] > 20) & (events["pt2"] > 20)
charge = pt & (events["Q1"] != events["Q2"])
window = charge & (events["M"] > 80) & (events["M"] < 100)
n_all, n_pt, n_charge, n_window = len(events), np.sum(pt), np.sum(charge), np.sum(window)
print(f"METRIC: n_all={n_all}")
print(f"METRIC: n_pt={n_pt}")
print(f"METRIC: n_charge={n_charge}")
print(f"METRIC: n_window={n_window}")
