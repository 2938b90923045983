"""What is stored of alerts: found again, changed, swept; and what is said when it can't be."""

import json
import multiprocessing
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts_for_tests import NOW, alert
from posemill.alerts import AlertStore
from posemill.alerts.alert import new_id
from posemill.alerts.outbox import GIVE_UP_S
from posemill.alerts.store import FILE_NAME
from posemill.errors import AlertStoreError


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AlertStore]:
    found = AlertStore(tmp_path / "alerts")
    yield found
    found.close()


def test_ids_sort_by_time() -> None:
    ids = [new_id(NOW + 0.001 * number) for number in range(100)]
    assert sorted(ids) == ids
    assert len({new_id(NOW) for _ in range(100)}) == 100


def test_an_alert_comes_back_as_it_was_stored(store: AlertStore) -> None:
    kept = alert(3, occurrences=2, has_clip=True, acknowledged=NOW + 9, is_test=True)
    store.add(kept, ())
    assert store.get(kept.id) == kept
    assert store.get("none") is None
    assert json.loads(json.dumps(kept.to_dict())) == {
        "schema": "posemill.alert/1",
        "id": kept.id,
        "name": "somebody",
        "rule": "person",
        "stream": "door",
        "began": NOW + 3,
        "seen": NOW + 3,
        "ended": NOW + 3,
        "occurrences": 2,
        "facts": {"people": [{"id": 3}]},
        "people": [3],
        "snapshot": False,
        "clip": True,
        "acknowledged": NOW + 9,
        "test": True,
    }


def test_alerts_are_listed_the_newest_first_a_page_at_a_time(store: AlertStore) -> None:
    kept = [alert(number, stream="door" if number % 2 else "hall") for number in range(6)]
    for each in kept:
        store.add(each, ())
    assert store.list(3) == kept[:2:-1]
    assert store.list(3, before=kept[3].id) == kept[2::-1]
    assert store.list(9, stream="hall") == kept[4::-2]
    store.acknowledge(kept[5].id)
    assert store.list(1, unacknowledged=True) == [kept[4]]
    assert store.list(9, stream="door", before=kept[5].id, unacknowledged=True) == kept[3::-2]


def test_who_acknowledged_first_did(store: AlertStore) -> None:
    kept = alert()
    store.add(kept, ())
    first = store.acknowledge(kept.id)
    assert first is not None
    assert first.acknowledged == pytest.approx(time.time(), abs=5)
    assert store.acknowledge(kept.id) == first
    assert store.acknowledge("none") is None


def test_a_change_is_returned_and_stored(store: AlertStore) -> None:
    kept = alert()
    store.add(kept, ())
    assert store.update(kept.id, snapshot=True).has_snapshot
    changed = store.update(kept.id, clip=True, seen=NOW + 5, ended=None, occurrences=2)
    assert changed == replace(
        kept, has_snapshot=True, has_clip=True, seen=NOW + 5, ended=None, occurrences=2
    )
    with pytest.raises(AlertStoreError, match="no alert"):
        store.update("none", clip=True)


def test_alerts_and_deliveries_are_counted(store: AlertStore) -> None:
    store.add(alert(0, ended=None), ("mqtt", "webhook:ops"))
    store.add(alert(1, acknowledged=NOW), ("mqtt",))
    for state in ("done", "failed"):
        delivery = store.outbox.due("mqtt", time.time())
        assert delivery is not None
        store.outbox.settle(delivery, state)
    assert store.counts() == {
        "alerts": 2,
        "going_on": 1,
        "unacknowledged": 1,
        "deliveries_waiting": 1,
        "deliveries_done": 1,
        "deliveries_failed": 1,
    }


def test_an_alert_and_its_deliveries_are_stored_together_or_not_at_all(store: AlertStore) -> None:
    with pytest.raises(AlertStoreError):
        store.add(alert(), ("mqtt", "mqtt"))
    assert (store.list(9), store.counts()["deliveries_waiting"]) == ([], 0)


def test_old_alerts_go_with_their_files_unless_they_go_on_or_are_to_be_told(
    store: AlertStore,
) -> None:
    now = time.time()
    old, fresh = alert(at=now - 100, has_clip=True), alert(at=now - 10)
    told, untold = alert(at=now - 100), alert(at=now - 100)
    open_one = alert(at=now - 100, ended=None)
    for each in (old, fresh, open_one):
        store.add(each, ())
    store.add(told, ("mqtt",))
    delivery = store.outbox.due("mqtt", now + 1)
    assert delivery is not None
    store.outbox.settle(delivery, "done")
    store.add(untold, ("mqtt",))
    files = [store.folder / name for each in (old, fresh) for name in each.file_names]
    for path in files:
        path.write_bytes(b"-")
    store.sweep(50)
    assert {each.id for each in store.list(9)} == {fresh.id, untold.id, open_one.id}
    assert [path.exists() for path in files] == [False, False, True, True]
    assert store.counts()["deliveries_done"] == 0


def test_what_nobody_sees_any_more_ends_and_what_nobody_takes_goes(store: AlertStore) -> None:
    long_ago = time.time() - GIVE_UP_S - 10
    abandoned = alert(at=long_ago, ended=None)
    store.add(abandoned, ("webhook:removed",))
    store.sweep(1e9)
    assert store.list(9) == [replace(abandoned, ended=long_ago)]
    with sqlite3_of(store) as connection:
        connection.execute("UPDATE deliveries SET created = ?", (long_ago,))
    store.sweep(50)
    assert (store.list(9), store.counts()["deliveries_waiting"]) == ([], 0)


def test_only_its_user_may_read_it(store: AlertStore) -> None:
    if os.name == "posix":
        assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700


# --- what may be wrong with it


def test_a_damaged_file_is_one_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"not a database " * 1000)
    with pytest.raises(AlertStoreError, match=r"is damaged; move it away and start again"):
        AlertStore(tmp_path)


def test_damage_within_is_too(tmp_path: Path) -> None:
    store = AlertStore(tmp_path)
    for number in range(200):
        store.add(alert(number), ("mqtt",))
    store.close()
    path = tmp_path / FILE_NAME
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    store = AlertStore(tmp_path)
    with pytest.raises(AlertStoreError, match="damaged"):
        store.list(200)
    store.close()


def test_a_folder_that_can_t_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "alerts").write_text("a file")
    with pytest.raises(AlertStoreError, match="alerts can't be stored"):
        AlertStore(tmp_path / "alerts")


def test_alerts_of_a_later_version_are_left_alone(store: AlertStore) -> None:
    with sqlite3_of(store) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(AlertStoreError, match="later version"):
        AlertStore(store.folder)


def test_a_full_disk_is_told_and_nothing_is_half_stored(store: AlertStore) -> None:
    store.add(alert(), ())
    pages = store._database.rows("PRAGMA page_count")[0][0]
    store._database.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(AlertStoreError, match="the disk is full"):
        for number in range(1000):
            store.add(alert(number, facts={"text": "x" * 1000}), ("mqtt",))
    store._database.rows("PRAGMA max_page_count = 100000")
    assert store.counts()["deliveries_waiting"] == len(store.list(2000)) - 1
    store.add(alert(), ())


def test_after_its_end_a_store_says_so_and_nothing_else(tmp_path: Path) -> None:
    store = AlertStore(tmp_path)
    store.close()
    store.close()
    with pytest.raises(AlertStoreError):
        store.list(1)


# --- two processes


def _write(folder: str, start: Any) -> None:
    start.wait()
    store = AlertStore(Path(folder))
    for number in range(100):
        store.add(alert(number), ("mqtt",))
    store.close()


def _open_many(folder: str, together: Any) -> None:
    for number in range(30):
        together.wait()
        store = AlertStore(Path(folder) / str(number))
        store.counts()
        store.close()


def test_processes_may_make_it_at_the_same_moment(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    arguments = (str(tmp_path), context.Barrier(4, timeout=60))
    openers = [context.Process(target=_open_many, args=arguments) for _ in range(4)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join()
        assert opener.exitcode == 0
        opener.close()


def test_two_processes_may_write_while_another_one_acknowledges(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start = context.Event()
    writers = [context.Process(target=_write, args=(str(tmp_path), start)) for _ in range(2)]
    for writer in writers:
        writer.start()
    start.set()
    store = AlertStore(tmp_path)
    while any(writer.is_alive() for writer in writers):
        for each in store.list(5, unacknowledged=True):
            assert store.acknowledge(each.id) is not None
        time.sleep(0.01)
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
        writer.close()
    assert (store.counts()["alerts"], store.counts()["deliveries_waiting"]) == (200, 200)
    store.close()


def sqlite3_of(store: AlertStore) -> Any:
    return _Opened(store.folder / FILE_NAME)


class _Opened:
    """A connection of its own, closed in the end."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)

    def __enter__(self) -> sqlite3.Connection:
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()
