"""`python -m callcheck.lab.tunnel NAMESPACE GATEWAY ROUTE...`: a tunnel out of the lab's client or home router.

One process holds both ends: a TUN device in NAMESPACE, one in inet, and a pair of UDP sockets between them that carry
the packets as they are; nothing is encrypted. GATEWAY is the next router, by which the tunnel's own packets go; ROUTES
are prefixes, or `default`. Standard library only.
"""

import fcntl
import os
import select
import socket
import struct
import sys
from functools import partial
from pathlib import Path
from typing import Final

from callcheck.lab.namespaces import inside, run_with_input
from callcheck.lab.topology import VPN_SERVER

VPN_PORT: Final = 51820
DEVICE: Final = "tun0"
TUN_DEVICE: Final = "/dev/net/tun"
_NEAR_ADDRESS: Final = "192.0.2.2/24"
_FAR_ADDRESS: Final = "192.0.2.1/24"
_TUNSETIFF: Final = 0x400454CA  # linux/if_tun.h, as the next two
_IFF_TUN: Final = 0x0001
_IFF_NO_PI: Final = 0x1000
_MTU: Final = 1420


def main(namespace: str, gateway: str, routes: list[str]) -> None:
    near = inside(namespace, partial(_device, near_lines(gateway, routes)))
    far = inside("inet", partial(_device, [f"addr add {_FAR_ADDRESS} dev {DEVICE}"]))
    carrier = inside(namespace, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    carrier.connect((VPN_SERVER, VPN_PORT))
    server = inside("inet", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    server.bind((VPN_SERVER, VPN_PORT))
    _carry(near, carrier, server, far)


def near_lines(gateway: str, routes: list[str]) -> list[str]:
    """`ip -batch` lines for the near end: the tunnel's own packets go around it."""
    return [
        f"addr add {_NEAR_ADDRESS} dev {DEVICE}",
        f"route add {VPN_SERVER}/32 via {gateway}",
        *(f"route replace {route} dev {DEVICE}" for route in routes),
    ]


def _device(lines: list[str]) -> int:
    """A TUN device in the namespace of this thread, up and routed; its descriptor."""
    tun = os.open(TUN_DEVICE, os.O_RDWR | os.O_CLOEXEC)
    fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), _IFF_TUN | _IFF_NO_PI))
    ipv6 = Path(f"/proc/sys/net/ipv6/conf/{DEVICE}/disable_ipv6")
    if ipv6.exists():
        ipv6.write_text("1", encoding="ascii")
    address, *routes = lines
    run_with_input(["ip", "-batch", "-"], "\n".join([address, f"link set dev {DEVICE} mtu {_MTU} up", *routes]) + "\n")
    return tun


def _carry(near: int, carrier: socket.socket, server: socket.socket, far: int) -> None:
    home: tuple[str, int] | None = None
    while True:
        readable, _, _ = select.select([near, carrier.fileno(), server.fileno(), far], [], [])
        for source in readable:
            try:
                if source == near:
                    carrier.send(os.read(near, 2048))
                elif source == carrier.fileno():
                    os.write(near, carrier.recv(2048))
                elif source == server.fileno():
                    packet, home = server.recvfrom(2048)
                    os.write(far, packet)
                elif home is not None:
                    server.sendto(os.read(far, 2048), home)
                else:
                    os.read(far, 2048)  # nobody has come yet
            except OSError:  # a packet that the network does not take is lost
                continue


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
