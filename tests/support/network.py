"""An address on the loopback device that is not in 127.0.0.0/8.

The docker engine trusts any certificate of a registry in 127.0.0.0/8 and falls back to plain HTTP
there. Elsewhere it insists on a certificate whose authority it knows, as it does in production."""

import contextlib
import os

from support.command import run


@contextlib.contextmanager
def loopback_address():
    # 198.18.0.0/15 is set aside for tests of network gear (RFC 2544); one address per process.
    address = f"198.18.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"
    run("ip", "address", "add", f"{address}/32", "dev", "lo")
    try:
        yield address
    finally:
        run("ip", "address", "del", f"{address}/32", "dev", "lo")
