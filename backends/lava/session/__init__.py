"""One Lava graph that stays alive over many runs: networks with noise, learning inside Lava."""
