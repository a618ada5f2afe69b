# request: Which event number has the largest mass M?
# kind: data
# data: zmumu_mini.root
# tags: flat, maximum, argmax
# expect: event = 100
# expect: max_mass = 162.344 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
i = np.argmax(events["M"])
event = events["event"][i]
max_mass = events["M"][i]
print(f"METRIC: event={event}")
print(f"METRIC: max_mass={max_mass}")
