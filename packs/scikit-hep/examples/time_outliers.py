# request: How many events have a time_ns more than two standard deviations from the mean?
# kind: data
# data: testbeam_mini.root
# tags: flat, testbeam, outliers, time, count
# expect: n_outliers = 40
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("testbeam_mini.root")["run"].arrays()
# ---
time = events["time_ns"]
n_outliers = np.sum(np.abs(time - np.mean(time)) > 2 * np.std(time))
print(f"METRIC: n_outliers={n_outliers}")
