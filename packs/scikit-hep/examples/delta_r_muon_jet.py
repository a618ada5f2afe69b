# request: How many muon-jet combinations have delta R below 0.4?
# kind: data
# data: nano_mini.root
# tags: jagged, cartesian, deltar, count
# expect: n_close = 12
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
eta_mu, eta_jet = ak.unzip(ak.cartesian([events["Muon_eta"], events["Jet_eta"]]))
phi_mu, phi_jet = ak.unzip(ak.cartesian([events["Muon_phi"], events["Jet_phi"]]))
dphi = (phi_mu - phi_jet + np.pi) % (2 * np.pi) - np.pi
dr = np.sqrt((eta_mu - eta_jet)**2 + dphi**2)
n_close = ak.sum(dr < 0.4)
print(f"METRIC: n_close={n_close}")
