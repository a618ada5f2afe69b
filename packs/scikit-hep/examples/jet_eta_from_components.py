# request: How many jets have |eta| < 2.4? Compute eta from jet_px, jet_py and jet_pz.
# kind: data
# data: objects_mini.root
# tags: jagged, components, eta, abs, count
# expect: n_central = 697
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("objects_mini.root")["tree"].arrays()
# ---
pt = np.sqrt(events["jet_px"]**2 + events["jet_py"]**2)
eta = np.arcsinh(events["jet_pz"] / pt)
n_central = ak.sum(np.abs(eta) < 2.4)
print(f"METRIC: n_central={n_central}")
