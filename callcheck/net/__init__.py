"""Sockets, clocks and routes: the only room of the core that touches the network."""
