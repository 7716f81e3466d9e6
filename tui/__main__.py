"""`python -m tui` is `unbroken`."""

from tui.cli.main import main

main()
