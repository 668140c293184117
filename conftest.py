"""Loads the plugin that runs what the pages show."""

pytest_plugins = ["doctools.plugin"]
