# request: Write pt1, eta1 and phi1 of the events with M > 100 to selected.csv.
# kind: data
# data: zmumu_mini.root
# tags: flat, write, csv
# expect: n_rows = 13
# artifact: selected.csv
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
import csv
selected = events[events["M"] > 100]
with open("selected.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["pt1", "eta1", "phi1"])
    writer.writerows(zip(selected["pt1"], selected["eta1"], selected["phi1"]))
n_rows = len(selected)
print(f"METRIC: n_rows={n_rows}")
