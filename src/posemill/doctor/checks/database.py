"""The database of jobs, where it isn't SQLite in the data folder."""

from collections.abc import Iterator
from urllib.parse import unquote

from posemill.doctor.checks.engine import TRIAL
from posemill.doctor.child import ask
from posemill.doctor.finding import Finding, Words, failed, good, skipped
from posemill.doctor.premises import Premises


def look(given: Premises) -> Iterator[Finding]:
    """Connect to the database of the settings, where there is one."""
    url = given.settings.database_url
    if url is None:
        yield skipped("sqlite", "SQLite, in the data folder", "使用数据目录中的 SQLite")
        return
    answer = ask(TRIAL, "postgresql", given={"url": url}, patience_s=30)
    if answer.found is None:
        said = _without_secret(answer.failure, url)
        yield failed(
            "no_database",
            Words(
                f"The database can't be used: {said}",
                f"数据库无法使用：{said}",
            ),
            Words(
                "Is PostgreSQL up, and are host, port, user, password and database of the address "
                "right? From a container, localhost is the container itself.",
                "请确认 PostgreSQL 已启动，且地址中的主机、端口、用户、密码与库名正确；"
                "在容器内 localhost 指容器自身。",
            ),
        )
        return
    version = answer.found["version"]
    if not answer.found["may_create"]:
        yield failed(
            "database_denied",
            Words(
                f"PostgreSQL {version}: this user may not create schemas in the database",
                f"PostgreSQL {version}：该用户无权在库中创建模式（schema）",
            ),
            Words(
                "grant create on database NAME to USER;", "grant create on database 库名 to 用户;"
            ),
        )
        return
    yield good("database", f"PostgreSQL {version} answers", f"PostgreSQL {version} 已连通")


def _without_secret(said: str, url: str) -> str:
    """Return what was said without the password, as it is written and as it is meant."""
    secret = url.partition("://")[2].rpartition("@")[0].partition(":")[2]
    for each in filter(None, (secret, unquote(secret))):
        said = said.replace(each, "***")
    return said
