# request: What is the 75th percentile of the leading electron's pt?
# kind: data
# data: nano_mini.root
# tags: jagged, leading, firsts, percentile
# expect: p75 = 42.6499 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
leading = ak.drop_none(ak.max(events["Electron_pt"], axis=1))
p75 = np.percentile(ak.to_numpy(leading), 75)
print(f"METRIC: p75={p75}")
