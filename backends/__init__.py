"""Where a network can run: our emulator, torch, Lava, or a chip behind a socket."""

if __name__ != "hwnoise.backends":
    raise ImportError("this folder is hwnoise.backends: run `pip install -e .`")
