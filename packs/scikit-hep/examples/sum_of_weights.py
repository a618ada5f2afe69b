# request: What is the sum of the event weights genWeight, and how many are negative?
# kind: data
# data: nano_mini.root
# tags: flat, weight, sum
# expect: sum_weights = 273.351 +- 0.1%
# expect: n_negative = 22
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
sum_weights = np.sum(events["genWeight"])
n_negative = np.sum(events["genWeight"] < 0)
print(f"METRIC: sum_weights={sum_weights}")
print(f"METRIC: n_negative={n_negative}")
