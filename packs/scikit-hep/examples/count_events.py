# request: How many events are in the file?
# kind: data
# data: zmumu_mini.root
# tags: flat, count
# expect: n_events = 450
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
n_events = len(events)
print(f"METRIC: n_events={n_events}")
