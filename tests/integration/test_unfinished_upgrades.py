"""An upgrade() that gives back its work instead of doing it is refused, and its row never kept."""

import re
import shutil

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS, TABLES
from tests.harness.result import Result
from tests.integration.fingerprinting import Fingerprinter
from tests.integration.stage import Stage
from tests.integration.test_async_env import TEMPLATE, url_with

pytestmark = ON_ONE_SERVER

MAKE = 'op.create_table("made", sa.Column("id", sa.Integer))'
ASYNC = f"async def upgrade():\n    {MAKE}\n"
WRAPPED = (
    "import functools\n"
    "def decorated(function):\n"
    "    @functools.wraps(function)\n"
    "    def wrapper(*args):\n"
    "        return function(*args)\n"
    "    return wrapper\n"
)
SEEN_BEFORE = {
    "async def": ASYNC,
    "a generator": f"def upgrade():\n    yield {MAKE}\n",
    "an async generator": f"async def upgrade():\n    yield {MAKE}\n",
    "a part of an async def": "import functools\nasync def work(x):\n"
    f"    {MAKE}\nupgrade = functools.partial(work, 1)\n",
    "an object with an async call": "class Work:\n    async def __call__(self):\n"
    f"        {MAKE}\nupgrade = Work()\n",
    "a bound async method": "class Work:\n    async def work(self):\n"
    f"        {MAKE}\nupgrade = Work().work\n",
}
SEEN_AFTER = {
    "a lambda": f"async def work():\n    {MAKE}\nupgrade = lambda: work()\n",
    "a decorated async def": f"{WRAPPED}@decorated\n{ASYNC}",
    "a plain function that forgets to await": f"async def work():\n    {MAKE}\n"
    "def upgrade():\n    op.execute('CREATE TABLE half (id int)')\n    return work()\n",
    "a generator that nobody consumes": f"def work():\n    yield {MAKE}\n"
    "def upgrade():\n    return work()\n",
    "a future": "from concurrent.futures import ThreadPoolExecutor\n"
    f"def work():\n    {MAKE}\ndef upgrade():\n    return ThreadPoolExecutor().submit(print)\n",
    "a map": f"def work(_):\n    {MAKE}\ndef upgrade():\n    return map(work, [1])\n",
    "a decorator without its parentheses": "def logged(level):\n"
    "    def decorate(*functions):\n        def wrapper():\n            functions[0]()\n"
    f"        return wrapper\n    return decorate\n@logged\ndef upgrade():\n    {MAKE}\n",
    "an awaitable of their own": "class Later:\n    def __await__(self):\n"
    f"        yield {MAKE}\ndef upgrade():\n    return Later()\n",
}


def with_upgrade(stage: Stage, source: str) -> Result:
    """Run the plain project with a fourth revision that has this in place of upgrade()."""
    file = stage.project.add("0004", "0003")
    head = file.read_text().split("def upgrade", 1)[0]
    file.write_text(head + source)
    return stage.run()


@pytest.mark.parametrize("source", SEEN_BEFORE.values(), ids=SEEN_BEFORE.keys())
def test_what_can_be_seen_is_refused_before_the_first_revision(stage: Stage, source: str) -> None:
    ended = with_upgrade(stage, source)
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history"), ended.verdict
    message = ended.verdict["error"]["message"]
    assert f"{stage.project.versions / '0004.py'}: upgrade() of revision 0004 is a" in message
    assert "plain function" in ended.verdict["next_step"]
    assert stage.tables() == set()


@pytest.mark.parametrize("source", SEEN_AFTER.values(), ids=SEEN_AFTER.keys())
def test_what_is_seen_as_it_returns_is_rolled_back_without_its_row(
    stage: Stage, source: str
) -> None:
    ended = with_upgrade(stage, source)
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed"), ended.verdict
    assert "revision 0004: upgrade() returned a" in ended.verdict["error"]["message"]
    assert "plain function" in ended.verdict["next_step"]
    assert ended.verdict["to"] == stage.rows() == REVISIONS[-1:]
    assert stage.tables() == TABLES | {"alembic_version"}
    assert not [e for e in ended.events if "never awaited" in str(e.get("text"))]


WORK = f"async def work(*_):\n    {MAKE}\n"
FORGOTTEN = {
    "called": "work()",
    "called, and kept until the end": "later = work()",
    "called in a list": "[work(n) for n in range(2)]",
    "called by another function": "def seed():\n        work()\n    seed()",
    "a method": "class Service:\n        async def work(self): ...\n    Service().work()",
    "an async session's": "from sqlalchemy.ext.asyncio import AsyncSession\n"
    "    AsyncSession().execute(sa.text('SELECT 1'))",
    "whatever the filters of warnings are": "import warnings\n"
    "    warnings.simplefilter('ignore')\n    work()",
    "in an object that is returned": "from types import SimpleNamespace\n"
    "    return SimpleNamespace(all=[work()])",
}
GIVEN_BACK = {
    "a list of coroutines": "return [work()]",
    "a tuple in a mapping": "return {'all': (1, work())}",
    "a generator in a list": "return [op.execute(s) for s in ()] + [(work for _ in 'x')]",
    "a future in a list": "import threading\n    from concurrent.futures import Future\n"
    "    return [Future()]",
}


@pytest.mark.parametrize("body", FORGOTTEN.values(), ids=FORGOTTEN.keys())
def test_a_coroutine_that_nobody_awaits_is_no_work_done(stage: Stage, body: str) -> None:
    ended = with_upgrade(stage, f"{WORK}def upgrade():\n    {body}\n")
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed"), ended.verdict
    message = ended.verdict["error"]["message"]
    assert re.search(
        r"revision 0004: [\w.<>]*\(\) \(\S+\.py, line \d+\) was called and never", message
    )
    assert "asyncio.run()" in ended.verdict["next_step"]
    assert ended.verdict["to"] == stage.rows() == REVISIONS[-1:]


@pytest.mark.parametrize("body", GIVEN_BACK.values(), ids=GIVEN_BACK.keys())
def test_nor_is_one_that_is_given_back_among_others(stage: Stage, body: str) -> None:
    ended = with_upgrade(stage, f"{WORK}def upgrade():\n    {body}\n")
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed"), ended.verdict
    assert "revision 0004: upgrade() returned a" in ended.verdict["error"]["message"]
    assert stage.rows() == REVISIONS[-1:]


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_with_an_async_driver_too(stage: Stage, driver: str) -> None:
    shutil.copy(TEMPLATE, stage.project.path / "alembic/env.py")
    stage.project.add("0004", "0003", "async def work():\n    pass\nwork()")
    ended = stage.run(DATABASE_URL=url_with(stage, driver))
    assert ended.exit_code == 21, ended.verdict
    assert "work() (" in ended.verdict["error"]["message"]
    assert stage.rows() == REVISIONS[-1:]


def test_what_was_forgotten_before_is_not_the_revisions(stage: Stage) -> None:
    stage.project.edit_env(
        "config = context.config\n",
        "config = context.config\nasync def forget(): ...\nloop = [forget()]\nloop.append(loop)\n"
        "del loop\n",
    )
    stage.project.add("0004", "0003", "import gc\ngc.collect()")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "upgraded"), ended.verdict


RETURNS = {
    "coroutines that have ended": "import asyncio, threading\nasync def work(): ...\n"
    "every = [work()]\nrun = lambda: asyncio.run(every[0])\n"
    "thread = threading.Thread(target=run); thread.start(); thread.join()\nreturn every",
    "futures that are done": "from concurrent.futures import ThreadPoolExecutor as Pool\n"
    "with Pool() as pool:\n    return [pool.submit(print)]",
    "a result": "return op.get_bind().execute(sa.text('SELECT 1'))",
    "rows": "return [1, 2]",
    "a table": f"return {MAKE}",
    "what it has awaited itself": "import asyncio, threading\n"
    "async def work():\n    return 1\n"
    "done = []\nthread = threading.Thread(target=lambda: done.append(asyncio.run(work())))\n"
    "thread.start(); thread.join()\nreturn done",
}


@pytest.mark.parametrize("body", RETURNS.values(), ids=RETURNS.keys())
def test_what_is_done_may_give_back_what_it_likes(stage: Stage, body: str) -> None:
    stage.project.add("0004", "0003", body)
    assert stage.run().verdict["outcome"] == "upgraded"
    assert stage.rows() == ["0004"]


MISSING = {
    "nothing": "x = 1\n",
    "another name": "def upgrades():\n    pass\n",
    "no function": "upgrade = None\n",
    "a text": "upgrade = 'CREATE TABLE made (id int)'\n",
}


@pytest.mark.parametrize("source", MISSING.values(), ids=MISSING.keys())
def test_a_script_without_upgrade_is_refused_by_its_file(stage: Stage, source: str) -> None:
    ended = with_upgrade(stage, source)
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history"), ended.verdict
    file = str(stage.project.versions / "0004.py")
    assert f"{file} has no function upgrade()" in ended.verdict["error"]["message"]
    assert file in ended.verdict["next_step"]
    assert stage.tables() == set()


@pytest.mark.parametrize("source", [ASYNC, "x = 1\n"], ids=["async def", "nothing"])
def test_a_build_of_fingerprints_refuses_the_same(fingerprint: Fingerprinter, source: str) -> None:
    file = fingerprint.project.add("0004", "0003")
    file.write_text(file.read_text().split("def upgrade", 1)[0] + source)
    ended = fingerprint("build")
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history"), ended.verdict
    assert str(file) in ended.verdict["error"]["message"]


def test_an_old_script_without_upgrade_is_nobodys_business(stage: Stage) -> None:
    """It has run; what it had is gone, as Alembic allows."""
    assert stage.run().exit_code == 0
    file = next(stage.project.versions.glob("0001*.py"))
    file.write_text(file.read_text().split("def upgrade", 1)[0])
    stage.project.add("0004", "0003")
    assert stage.run().verdict["outcome"] == "upgraded"
