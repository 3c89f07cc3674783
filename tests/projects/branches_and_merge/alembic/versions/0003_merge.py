"""merge 0002a and 0002b"""

revision = "0003"
down_revision = ("0002a", "0002b")


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
