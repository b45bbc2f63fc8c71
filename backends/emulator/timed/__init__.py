"""Networks with time on emulated arrays: spikes, membranes, a row per step."""
