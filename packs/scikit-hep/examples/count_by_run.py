# request: How many different runs are in the file, and how many events has the run with the most events?
# kind: data
# data: zmumu_mini.root
# tags: flat, unique, count
# expect: n_runs = 3
# expect: most_events = 154
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
runs, counts = np.unique(ak.to_numpy(events["run"]), return_counts=True)
n_runs = len(runs)
most_events = np.max(counts)
print(f"METRIC: n_runs={n_runs}")
print(f"METRIC: most_events={most_events}")
