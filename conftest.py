"""Loads the plugins that run what the pages show."""

pytest_plugins = ["doctools.plugin", "doctools.equations.plugin"]
