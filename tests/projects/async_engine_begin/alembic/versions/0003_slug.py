"""a sensor has a slug, which the application's coroutine makes"""

from alembic import op
from sqlalchemy.ext.asyncio import AsyncConnection
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"


async def fill_slugs(connection: AsyncConnection) -> None:
    rows = await connection.stream(sa.text("SELECT id, name FROM sensors"))
    for row in await rows.all():
        await connection.execute(
            sa.text("UPDATE sensors SET slug = :slug WHERE id = :id"),
            {"slug": f"{row.name}-{row.id}", "id": row.id},
        )


def upgrade() -> None:
    op.add_column("sensors", sa.Column("slug", sa.Text))
    op.run_async(fill_slugs)


def downgrade() -> None:
    op.drop_column("sensors", "slug")
