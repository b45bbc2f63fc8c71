"""Numbers in, numbers out: the compiled physics. Kernels know no classes."""

if __name__ != "hwnoise.kernels":
    raise ImportError("this folder is hwnoise.kernels: run `pip install -e .`")
