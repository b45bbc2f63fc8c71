"""What only Lava's closed extension for Loihi 2 can run; nobody without it ever imports this folder."""
