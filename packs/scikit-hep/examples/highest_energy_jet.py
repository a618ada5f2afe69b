# request: Which event_id holds the jet with the highest energy jet_e, and how large is it?
# kind: data
# data: objects_mini.root
# tags: jagged, maximum, argmax
# expect: event_id = 19
# expect: highest_e = 6767.5 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("objects_mini.root")["tree"].arrays()
# ---
highest = ak.fill_none(ak.max(events["jet_e"], axis=1), 0)
i = np.argmax(highest)
event_id = events["event_id"][i]
highest_e = highest[i]
print(f"METRIC: event_id={event_id}")
print(f"METRIC: highest_e={highest_e}")
