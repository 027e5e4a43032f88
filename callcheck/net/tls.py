"""What a TLS client trusts: the system's authorities, read once, since reading them takes 30 ms."""

from __future__ import annotations

import os
import ssl
from functools import cache


def client_context(*, verify: bool = True) -> ssl.SSLContext:
    """A context to share between connections. `SSL_CERT_FILE` names other authorities, as OpenSSL has it."""
    return _context(verify, os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", ""))


@cache
def _context(verify: bool, _file: str, _directory: str) -> ssl.SSLContext:
    if verify:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
