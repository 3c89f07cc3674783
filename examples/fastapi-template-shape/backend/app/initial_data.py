"""Seeding, a step of its own after the job: `python -m app.initial_data`."""

from sqlalchemy.orm import Session

from app.core.db import engine, seed


def main() -> None:
    """Seed the database, and say what was done."""
    with Session(engine) as session:
        created = seed(session)
    print("the first administrator was created" if created else "nothing to seed")


if __name__ == "__main__":
    main()
