"""Errors of the engine that the command line must know without loading the engine."""


class PluginError(Exception):
    """A plugin cannot be used; the message is one line that names it and its distribution."""
