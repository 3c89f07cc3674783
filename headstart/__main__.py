"""`python -m headstart`: hands over to headstart."""

from headstart.command.main import main

if __name__ == "__main__":
    main()
