"""`python -m callcheck.lab.rebind SECONDS NAT [portal]`: gives the home another public address, again and again.

It runs in the home router: the translation's table is replaced, and all that it remembers is forgotten, as when a line
is cut and dialled anew. Standard library only.
"""

import itertools
import socket
import struct
import sys
import time
from typing import Final

from callcheck.lab.namespaces import run_with_input
from callcheck.lab.translation import FIRST_PUBLIC_ADDRESS, SECOND_PUBLIC_ADDRESS, rebound_table

_NETLINK_NETFILTER: Final = 12  # linux/netlink.h
_CTNETLINK_DELETE: Final = 0x0102  # NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE (nfnetlink_conntrack.h)
_REQUEST_AND_ACK: Final = 0x0005


def main(every_s: float, nat: str, *, portal: bool) -> None:
    for address in itertools.cycle((SECOND_PUBLIC_ADDRESS, FIRST_PUBLIC_ADDRESS)):
        time.sleep(every_s)
        run_with_input(["nft", "-f", "-"], rebound_table(nat, portal=portal, public_address=address))
        forget_flows()


def forget_flows() -> None:
    """Empty the kernel's table of translated flows in this namespace. Raises OSError."""
    # A netlink header and an nfgenmsg for every address family: a deletion that names no flow means all.
    message = struct.pack("=IHHIIBBH", 20, _CTNETLINK_DELETE, _REQUEST_AND_ACK, 1, 0, 0, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as netlink:
        netlink.send(message)
        (code,) = struct.unpack_from("=i", netlink.recv(4096), 16)
    if code:
        raise OSError(-code, "the flows were not forgotten")


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2], portal="portal" in sys.argv[3:])
