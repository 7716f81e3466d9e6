"""The commands: a file each, loaded by name. main.py starts them and gives each error one line and an exit code."""
