"""Programs that nobody here wrote accept the lab as a network: they run inside it unchanged."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from callcheck.lab import play
from callcheck.lab.lab import Lab
from callcheck.lab.servers.real import which

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("lab_possible")]

RESOLVER, TURN, NAT_PAIR, ECHO = "8.8.8.8", "141.101.90.2", "198.18.6.1", "198.18.8.1"
# Gets a page by HTTP/3 and believes nobody but the authorities that this system believes.
HTTP3 = """
import asyncio, os, sys
from aioquic.asyncio import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration

class Browser(QuicConnectionProtocol):
    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.http, self.status, self.done = H3Connection(self._quic), None, asyncio.Event()
    def quic_event_received(self, event):
        for answer in self.http.handle_event(event):
            if isinstance(answer, HeadersReceived):
                self.status = dict(answer.headers)[b":status"].decode()
            if answer.stream_ended:
                self.done.set()

async def main(host):
    configuration = QuicConfiguration(alpn_protocols=H3_ALPN, server_name=host, cafile=os.environ["SSL_CERT_FILE"])
    async with connect(host, 443, configuration=configuration, create_protocol=Browser) as browser:
        stream = browser._quic.get_next_available_stream_id()
        head = {":method": "GET", ":scheme": "https", ":authority": host, ":path": "/"}
        browser.http.send_headers(stream, [(k.encode(), v.encode()) for k, v in head.items()], end_stream=True)
        browser.transmit()
        await asyncio.wait_for(browser.done.wait(), 10)
        print(browser.status)

asyncio.run(main(sys.argv[1]))
"""
HTTPS = """
import sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=10) as answer:
    print(answer.status, len(answer.read()))
"""
Run = Callable[..., str]


@pytest.fixture(scope="module")
def world(lab_possible: None) -> Iterator[Lab]:
    with play.lab_of(play.find("clean")) as lab:
        yield lab


@pytest.fixture
def run(world: Lab) -> Run:
    """Runs a program as the client, or skips where it is not installed; its output."""

    def run_it(*command: str) -> str:
        if which(command[0]) is None and command[0] != sys.executable:
            pytest.skip(f"{command[0]} is not installed")
        done = subprocess.run(
            world.argv(["timeout", "30", *command]), capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run_it


@pytest.mark.parametrize("transport", [[], ["-t"]])
def test_coturns_client_relays_messages_without_a_loss(run: Run, transport: list[str]) -> None:
    said = run("turnutils_uclient", "-u", "callcheck", "-w", "lab", "-n", "20", "-y", *transport, TURN)
    assert re.search(r"Total lost packets 0 ", said), said


def test_coturns_client_discovers_the_translation(run: Run) -> None:
    said = run("turnutils_natdiscovery", "-m", "-f", NAT_PAIR)
    assert re.findall(r"NAT with (.*?) (?:Mapping|Filtering)", said) == [
        "Endpoint Independent",
        "Address and Port Dependent",
    ]


@pytest.mark.parametrize("way", ["+notcp", "+tcp", "+tls"])
def test_dig_asks_by_every_way(run: Run, way: str) -> None:
    assert run("dig", f"@{RESOLVER}", "web.whatsapp.com", way, "+short").split() == ["157.240.0.53"]
    assert "status: NXDOMAIN" in run("dig", f"@{RESOLVER}", "nobody.example", way)


def test_dig_asks_the_resolver_that_the_client_was_given(run: Run) -> None:
    assert run("dig", "vk.com", "+short").split() == ["87.240.129.133"]


@pytest.mark.parametrize("host", ["www.google.com", "cloudflare-quic.com", "web.whatsapp.com", "vk.com"])
def test_an_http3_client_gets_its_page(run: Run, host: str) -> None:
    assert run(sys.executable, "-c", HTTP3, host).strip() == "200"


@pytest.mark.parametrize("url", ["https://core.telegram.org/", "http://ya.ru/", "https://www.google.com/bytes?n=90000"])
def test_pythons_own_http_client_gets_its_page_and_believes_the_certificate(run: Run, url: str) -> None:
    status, size = run(sys.executable, "-c", HTTPS, url).split()
    assert status == "200"
    assert size == "90000" if "bytes" in url else int(size) > 0


def test_telegrams_site_lists_the_relays_that_are_there(run: Run) -> None:
    page = "import sys, urllib.request\nprint(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())"
    listed = run(sys.executable, "-c", page, "https://core.telegram.org/getReflectorList").split()
    assert "91.108.13.10:596" in listed
    assert len(listed) == 4


def test_irtt_measures_a_call_like_stream_whose_delay_is_the_wires(world: Lab, run: Run) -> None:
    if which("irtt") is None:
        pytest.skip("irtt is not installed")
    command = world.argv(["irtt", "server", "-b", f"{ECHO}:2112"], namespace="inet")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout is not None
        while "starting" not in (line := server.stdout.readline()).lower():
            assert line, "the server ended before it listened"
        try:
            said = run("irtt", "client", "-i", "20ms", "-d", "3s", "-l", "160", "-o", "-", "-Q", f"{ECHO}:2112")
        finally:
            server.terminate()
    stats = json.loads(said)["stats"]
    wires = play.find("clean").wires.values()
    delay_ms = sum(entry.delay_ms for wire in wires for way in (wire.up, wire.down) for entry in way)
    assert stats["packets_received"] == stats["packets_sent"] >= 140
    # The shortest of 150 round trips is one that no other process held up.
    assert delay_ms <= stats["rtt"]["min"] / 1e6 < delay_ms + 3
