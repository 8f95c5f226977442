"""Collections, configs, their runner, the command line and the embedded demo."""
