"""Runs a plan of checks and writes down what happened."""
