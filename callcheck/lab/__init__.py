"""The ground-truth network: scenarios with a known fault, run in namespaces of their own."""
