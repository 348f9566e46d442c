"""Sessions of a real Spark, seen and steered through the mount alone."""
import json
import os
import shutil
import signal

from harness import eventually


def ends_soon(pid, server):
    eventually(lambda: pid not in server.running(), timeout=30)


def test_a_session_comes_up_and_tells_of_it(livy):
    session = livy.create({"kind": "sql", "name": "first",
                           "conf": {"spark.sql.shuffle.partitions": "1"}})
    early = livy.read(session, "log")
    seen = livy.waits_for(session, "idle")
    assert seen in (["starting", "idle"], ["idle"]), seen
    assert livy.read(session, "phase") == "idle\n"
    # What was asked for early is kept for a few seconds.
    log = eventually(lambda: "Spark context finished initialization" in
                     livy.read(session, "log") and
                     livy.read(session, "log"), timeout=30)
    assert len(log) > len(early)
    assert livy.read(session, "reason") == ""
    record = json.loads(livy.read(session, "session.json"))
    assert record["name"] == "first"
    assert record["kind"] == "sql"


def test_its_config_makes_another_one(livy):
    spec = {"kind": "sql", "conf": {"spark.app.name": "cloned"}}
    first = livy.create({**spec, "name": "original"})
    config = livy.read(first, "config.json")
    assert json.loads(config) == spec
    livy.write(config, "new").ok()
    second = os.readlink(livy.path(".last"))
    assert second != first
    livy.waits_for(second, "idle")
    assert json.loads(livy.read(second, "config.json")) == spec


def test_a_starting_session_is_seen_starting(livy):
    session = livy.create({"kind": "sql"})
    assert livy.waits_for(session, "idle")[0] == "starting"


def test_a_statement_makes_it_busy(livy):
    session, _ = livy.idle_one()
    status, _ = livy.server.ask("POST", f"/sessions/{session}/statements", {
        "code": "select java_method('java.lang.Thread', 'sleep', 4000L)"})
    assert status == 201
    livy.waits_for(session, "busy", 30)
    assert livy.read(session, "phase") == "busy\n"
    livy.waits_for(session, "idle")


def test_a_session_whose_driver_is_killed_is_dead(livy):
    session, driver = livy.idle_one()
    os.kill(driver, signal.SIGKILL)
    livy.waits_for(session, "dead", 30)
    assert livy.read(session, "phase") == "failed\n"
    ends_soon(driver, livy.server)


def test_terminate_ends_the_driver_and_forgets_the_session(livy):
    session, driver = livy.idle_one()
    livy.write("terminate\n", session, "ctl").ok()
    eventually(lambda: not os.path.exists(livy.path(session)), timeout=30)
    assert livy.server.ask("GET", f"/sessions/{session}")[0] == 404
    ends_soon(driver, livy.server)


def test_a_session_can_be_ended_while_it_starts(livy):
    session = livy.create({"kind": "sql"})
    livy.write("terminate\n", session, "ctl").ok()
    eventually(lambda: not os.path.exists(livy.path(session)), timeout=30)


def test_a_session_that_cannot_start_says_why(livy):
    session = livy.create({"kind": "sql", "driverMemory": "banana"})
    livy.waits_for(session, "dead", 60)
    assert "banana" in eventually(
        lambda: livy.read(session, "log"), timeout=30)
    assert eventually(lambda: livy.read(session, "reason"), timeout=30)


def test_a_name_that_is_taken_is_refused(livy):
    livy.create({"kind": "sql", "name": "taken"})
    known = livy.server.ask("GET", "/sessions")[1]["total"]
    refused = livy.write(json.dumps({"kind": "sql", "name": "taken"}), "new")
    assert refused.failed()
    assert "taken" in livy.read(".last_error")
    assert livy.server.ask("GET", "/sessions")[1]["total"] == known


def test_a_typo_costs_no_call(livy):
    known = livy.server.ask("GET", "/sessions")[1]["total"]
    assert livy.write('{"knid": "sql"}', "new").failed()
    assert "kind" in livy.read(".last_error")
    assert livy.server.ask("GET", "/sessions")[1]["total"] == known


def test_serve_leaves_nothing_behind(server):
    """Ended in the middle of a start, and by force."""
    assert server.ask("POST", "/sessions", {"kind": "sql"})[0] == 201
    eventually(lambda: len(server.running()) > 1, timeout=30)
    server.end()


def test_a_server_whose_keeper_is_killed_ends_too(server):
    assert server.ask("POST", "/sessions", {"kind": "sql"})[0] == 201
    eventually(server.drivers, timeout=60)
    server.kill()
    eventually(lambda: not server.running(), timeout=60)
    shutil.rmtree(server.folder)  # which is what the keeper would have done
