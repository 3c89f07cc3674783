"""`python -m headstart`: hands over to headstart."""

from headstart.command.execution import main

if __name__ == "__main__":
    main()
