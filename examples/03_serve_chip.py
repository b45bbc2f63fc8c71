"""The chip's side of a chip in another process: listens on a socket and serves emulated chips.

Run it in one terminal, and 04_train_remote_chip.py in another:

    python examples/03_serve_chip.py --port 7411

It prints the port it listens on (0 lets the system choose), serves one host at a time, outlives
hosts that vanish, and ends on Ctrl-C or SIGTERM. Put hardware in the place of the emulator in
remote_chip/rack.py, and the other side does not notice.
"""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import closing

from remote_chip.server import ChipServer

from hwnoise.errors import HwnoiseError


def main() -> int:
    options = argparse.ArgumentParser(description="Serve emulated chips to one host at a time.")
    options.add_argument("--host", default="127.0.0.1", help="where to listen; by default this machine only")
    options.add_argument("--port", type=int, default=7411, help="0 takes a free one, which is printed")
    options.add_argument("--patience", type=float, default=10.0, help="seconds for a message to arrive whole")
    chosen = options.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # to be stopped like by Ctrl-C
    try:
        with closing(ChipServer(chosen.host, chosen.port, chosen.patience)) as server:
            print(f"listening on {server.host}:{server.port}", flush=True)
            server.serve_forever()
    except HwnoiseError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
