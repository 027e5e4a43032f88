"""callcheck tells whether calls fail by your own network, by the service, or because someone singles them out."""

__version__ = "0.1.0"
