"""The services as they run: each application under uvicorn in a process of its own, asked over HTTP."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mdc_metrics import exposed, families
from mdc_openapi import guards, mistyped, refused
from mdc_ports import LOOPBACK, SilentServer, listens, refusing_port
from mdc_postgres_server import PostgresServer
from mdc_process import PATIENCE
from mdc_service import ServiceProcess
from mdc_services import (
    answers_as,
    app,
    bearer,
    by_command,
    content_type,
    ended_as_expected,
    ends_and_starts_again,
    forked,
    in_form,
    open_request,
    refuses_unknown,
    secrets_in_output,
    store_settings,
)
from mdc_wait import wait_until
from mdm_clause import ClauseCheck
from mdm_plan import Plan

# What another check has loaded or counted in this process would be in the services that are forked from it.
pytestmark = pytest.mark.fresh


def test_store_starts(clause: ClauseCheck, postgres: PostgresServer) -> None:
    """Store started by its container's command, with the settings of its guide and a real database, answers every
    probe and scrape.
    """
    settings = store_settings(in_form(postgres.url, clause.expect["url"])) | clause.expect["settings"]
    with by_command(clause, settings) as service:
        answers = answers_as(clause, service, clause.expect["content_types"])
        states = {
            path: answers[path].json()["state"] for path in answers if content_type(answers[path]) != "text/plain"
        }
    clause.equal("states", states, dict.fromkeys(states, clause.expect["state"]))


def test_store_readme_command(clause: ClauseCheck) -> None:
    """Store starts by the command that its README gives."""
    with refusing_port() as port:
        url = f"postgresql+psycopg://store:secret@{LOOPBACK}:{port}/market_data"
        with by_command(clause, store_settings(url)) as service:
            clause.equal("status", service.get(clause.expect["path"]).status, clause.expect["status"])


def test_store_required_settings(clause: ClauseCheck, plan: Plan, postgres: PostgresServer) -> None:
    """Store is ready with a real database and no settings but those that are documented as required."""
    url = in_form(postgres.url, clause.expect["url"])
    with forked(app(plan, "store"), dict.fromkeys(clause.expect["settings"], url)) as service:
        clause.equal("status of readiness", service.get(clause.expect["path"]).status, clause.expect["status"])


def test_store_database_urls(clause: ClauseCheck, plan: Plan, postgres: PostgresServer) -> None:
    """Store is ready with each form of DATABASE_URL that its documents show."""
    statuses = {}
    for form in clause.expect["forms"]:
        with forked(app(plan, "store"), store_settings(in_form(postgres.url, form))) as service:
            statuses[form] = service.get(clause.expect["path"]).status
    clause.equal("status of readiness", statuses, dict.fromkeys(clause.expect["forms"], clause.expect["status"]))


def test_store_names_missing_setting(clause: ClauseCheck, plan: Plan) -> None:
    """Store without DATABASE_URL says so: it does not get ready, and its output names the variable."""
    with ServiceProcess("-m", "uvicorn", app(plan, "store"), "--port", "{port}") as service:
        if service.running:
            status = service.get(clause.expect["path"]).status
            clause.equal("status of readiness", status, clause.expect["status"])
        else:
            code = service.wait()
            clause.that("exit code", code != 0, expected="that of an error", got=code)
        named = clause.expect["variable"] in service.output
    clause.that("output", named, expected=f"names {clause.expect['variable']}", got="does not name it")


def test_store_output_without_password(clause: ClauseCheck, plan: Plan) -> None:
    """Store's output holds neither its database's password nor its admin token when the database refuses
    connections.
    """
    with refusing_port() as port:
        url = f"postgresql+psycopg://store:{clause.expect['password']}@{LOOPBACK}:{port}/market_data"
        secrets_in_output(clause, plan, store_settings(url, clause.expect["token"]))


def test_store_output_without_token(clause: ClauseCheck, plan: Plan) -> None:
    """Store's output holds neither its database's password nor its admin token when a setting is missing."""
    with refusing_port() as port:
        url = f"postgresql://store:{clause.expect['password']}@{LOOPBACK}:{port}/market_data"
        settings = store_settings(url, clause.expect["token"])
        del settings["ADMIN_DATABASE_URL"]
        secrets_in_output(clause, plan, settings)


def test_store_follows_database(clause: ClauseCheck, plan: Plan, postgres: PostgresServer) -> None:
    """Store's readiness follows a real database that stops and starts again, and its liveness does not."""
    got: dict[str, list[object]] = {"ready": [], "alive": [], "states": []}
    with forked(app(plan, "store"), store_settings(in_form(postgres.url, "postgresql+psycopg://"))) as service:
        changes: list[Callable[[], None]] = [lambda: None, postgres.stop, postgres.start]
        for change in changes:
            change()
            got["ready"].append(service.get("/readyz").status)
            health = service.get("/health")
            got["alive"].append(health.status)
            got["states"].append(health.json()["state"] if health.status == clause.expect["alive"][0] else health.text)
    for what, name in (("readiness", "ready"), ("liveness", "alive"), ("state", "states")):
        clause.equal(f"{what} before the database stops, while it is away, and after", got[name], clause.expect[name])


def test_store_closes_connections(clause: ClauseCheck, plan: Plan, postgres: PostgresServer) -> None:
    """Store holds no more connections to its database after 80 health checks than one pool of them."""
    counting = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    counts = []
    with forked(app(plan, "store"), store_settings(in_form(postgres.url, "postgresql+psycopg://"))) as service:
        for call in range(clause.expect["calls"]):
            clause.equal("state", service.get(clause.expect["path"]).json()["state"], "healthy")
            # A garbage collection may close them now and then, so that a single look says little.
            if call % 4 == 3:
                counts.append(int(postgres.query(counting)[0][0] or 0))
    most = max(counts)
    clause.that("connections", most <= clause.expect["most"], expected=f"at most {clause.expect['most']}", got="more")


def test_store_silent_database(clause: ClauseCheck, plan: Plan) -> None:
    """Store answers its liveness probe while its database accepts connections and says nothing."""
    with SilentServer() as database:
        url = f"postgresql+psycopg://store:secret@{LOOPBACK}:{database.port}/market_data"
        with forked(app(plan, "store"), store_settings(url)) as service:
            connection = open_request(service, "GET", clause.expect["path"])
            wait_until(lambda: database.connections > 0)
            connection.sock.settimeout(clause.expect["within_seconds"])
            try:
                got: object = connection.getresponse().status
            except TimeoutError:
                got = "no answer"
            finally:
                connection.close()
    clause.equal("status of liveness", got, clause.expect["status"])


def test_store_ends_on_sigterm(clause: ClauseCheck, plan: Plan) -> None:
    """Store that is told to end by SIGTERM answers the request that is open, ends by itself, and can start again on its
    port at once.
    """
    with SilentServer() as database:
        url = f"postgresql+psycopg://store:secret@{LOOPBACK}:{database.port}/market_data"
        with forked(app(plan, "store"), store_settings(url)) as service:
            connection = open_request(service, "GET", clause.expect["path"])
            wait_until(lambda: database.connections > 0)
            service.terminate()
            database.close()
            with clause.works("the answer to the request that was open"):
                answer = connection.getresponse()
                json.loads(answer.read())
            clause.equal("status of the request that was open", answer.status, clause.expect["status"])
            ends_and_starts_again(clause, service, clause.expect["path"], clause.expect["status"])
            connection.close()


def test_store_ends_without_answer(clause: ClauseCheck, plan: Plan) -> None:
    """Store that is told to end by SIGTERM ends while its database accepts connections and says nothing."""
    with SilentServer() as database:
        url = f"postgresql+psycopg://store:secret@{LOOPBACK}:{database.port}/market_data"
        with forked(app(plan, "store"), store_settings(url)) as service:
            connection = open_request(service, "GET", clause.expect["path"])
            wait_until(lambda: database.connections > 0)
            service.terminate()
            code = service.wait(clause.expect["within_seconds"])
            connection.close()
    ended_as_expected(clause, code)


def test_store_documented_metrics(clause: ClauseCheck, plan: Plan) -> None:
    """Store's /metrics shows the families that its README says are to be scraped there."""
    with ServiceProcess("-m", "uvicorn", app(plan, "store"), "--port", "{port}") as service:
        shown = {name.removesuffix("_total") for name in families(service.get("/metrics").text)}
    wanted = clause.expect["families"]
    clause.none("families that /metrics lacks", [name for name in wanted if name not in shown], examined=len(wanted))


def test_store_counts_requests(clause: ClauseCheck, plan: Plan) -> None:
    """Store's /metrics counts the requests that it has had, by method and endpoint, and the migrations that an
    administrator has asked for.
    """
    expect = clause.expect
    tokens = {"": {}, "wrong": bearer(expect["wrong"]), "right": bearer(expect["token"])}
    with refusing_port() as port:
        url = f"postgresql+psycopg://store:secret@{LOOPBACK}:{port}/market_data"
        with forked(app(plan, "store"), store_settings(url, expect["token"])) as service:
            before = exposed(service.get("/metrics").text)
            for each in expect["requests"]:
                answer = service.request(each["method"], each["path"], headers=tokens[each["token"]])
                what = f"status of {each['method']} {each['path']} with {each['token'] or 'no'} token"
                clause.that(what, answer.status in each["statuses"], expected=each["statuses"], got=answer.status)
            after = exposed(service.get("/metrics").text)
    for sample in expect["samples"]:
        key = (sample["name"], frozenset(sample["labels"].items()))
        got = after[key] - before.get(key, 0.0) if key in after else None
        clause.equal(f"{sample['name']} {sample['labels']}", got, sample["value"])


def test_store_unknown_requests(clause: ClauseCheck, plan: Plan) -> None:
    """Store answers 404 in JSON on a path that it does not have, and 405 that names what it allows with a method that a
    path does not take.
    """
    with forked(app(plan, "store")) as service:
        refuses_unknown(clause, service)


def test_store_guards_as_documented(clause: ClauseCheck, plan: Plan) -> None:
    """Store refuses a request without the admin token, or with a wrong one, on each operation that its served document
    guards.
    """
    expect, problems = clause.expect, []
    with refusing_port() as port:
        url = f"postgresql+psycopg://store:secret@{LOOPBACK}:{port}/market_data"
        with forked(app(plan, "store"), store_settings(url, expect["token"])) as service:
            document = service.get(expect["document"]).json()
            guarded = guards(document)
            for label in guarded:
                method, path = label.split()
                for header in ["", *expect["wrong"]]:
                    headers = {"Authorization": header} if header else {}
                    status = service.request(method, path.replace("{job}", "bars"), headers=headers).status
                    if status not in expect["refusals"]:
                        problems.append(f"{label} with {header or 'no header'}: {status}")
    clause.equal("operations that the served document guards", sorted(guarded), sorted(expect["guarded"]))
    clause.none("requests that were not refused", problems, examined=len(guarded))


def test_pipeline_starts(clause: ClauseCheck) -> None:
    """Pipeline started by the command that its README gives answers /health and /metrics, with no setting and no
    service beside it.
    """
    with by_command(clause) as service:
        answers_as(clause, service, clause.expect["content_types"])


def test_pipeline_documented_paths(clause: ClauseCheck, plan: Plan) -> None:
    """Pipeline serves every path that its README asks for."""
    with forked(app(plan, "pipeline")) as service:
        statuses = {path: service.get(path).status for path in clause.expect["paths"]}
    clause.equal("statuses", statuses, dict.fromkeys(clause.expect["paths"], clause.expect["status"]))


def test_pipeline_documented_request(clause: ClauseCheck, plan: Plan) -> None:
    """Pipeline creates the pipeline that its README asks it for, and lists it."""
    expect = clause.expect
    with forked(app(plan, "pipeline")) as service:
        body = json.dumps(expect["body"]).encode()
        answer = service.request("POST", expect["path"], body, {"Content-Type": "application/json"})
        told = answer.status if answer.status == expect["status"] else f"{answer.status}: {answer.text}"
        clause.equal("answer", told, expect["status"])
        clause.equal("pipelines that run", service.get(expect["path"]).json(), [expect["key"]])


def test_pipeline_ends_on_sigterm(clause: ClauseCheck, plan: Plan) -> None:
    """Pipeline that is told to end by SIGTERM answers the request that is open, ends by itself, and can start again on
    its port at once.
    """
    expect = clause.expect
    body = expect["body"].encode()
    with forked(app(plan, "pipeline")) as service:
        connection = http.client.HTTPConnection(LOOPBACK, service.port, timeout=PATIENCE)
        connection.putrequest("POST", expect["path"])
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.putheader("Expect", "100-continue")
        connection.endheaders(body[:1])
        # uvicorn says "continue" when the application waits for the body: the request is open then.
        clause.equal(
            "what comes before the body", connection.sock.recv(1024).split(b"\r\n")[0], b"HTTP/1.1 100 Continue"
        )
        service.terminate()
        # It has begun to end when it takes no more connections.
        wait_until(lambda: not listens(service.process.tree, service.port))
        connection.send(body[1:])
        with clause.works("the answer to the request that was open"):
            answer = connection.getresponse()
            json.loads(answer.read())
        clause.equal("status of the request that was open", answer.status, expect["status"])
        ends_and_starts_again(clause, service, expect["health"], expect["healthy"])
        connection.close()


def test_pipeline_closes_connections(clause: ClauseCheck, plan: Plan) -> None:
    """Pipeline leaves no file and no connection open with each of 80 health checks."""
    expect = clause.expect
    with forked(app(plan, "pipeline")) as service:
        descriptors = Path(f"/proc/{service.process.pid}/fd")
        if not descriptors.is_dir():
            clause.not_applicable("the machine does not tell what files a process has open")
        before = len(list(descriptors.iterdir()))
        for _ in range(expect["calls"]):
            clause.equal("status", service.get(expect["path"]).status, expect["status"])
        # It closes a connection a moment after its client has.
        closed = wait_until(lambda: len(list(descriptors.iterdir())) <= before + expect["most"], 10.0)
    clause.that("open files", closed, expected=f"at most {expect['most']} more than before", got="more")


def test_pipeline_unknown_requests(clause: ClauseCheck, plan: Plan) -> None:
    """Pipeline answers 404 in JSON on a path that it does not have, and 405 that names what it allows with a method
    that a path does not take.
    """
    with forked(app(plan, "pipeline")) as service:
        refuses_unknown(clause, service)


def test_pipeline_refuses_invalid(clause: ClauseCheck, plan: Plan) -> None:
    """Pipeline answers input that its served document does not allow with a client error, and runs no pipeline of
    it.
    """
    expect = clause.expect
    with forked(app(plan, "pipeline")) as service:
        document = service.get(expect["document"]).json()
        answers = refused(document, service.url, operations=expect["operations"], examples=expect["examples"])
        answers += mistyped(document, service.url, bodies=expect["bodies"], values=expect["mistyped"])
        running = service.get(expect["list"]).json()
    taken = {f"{each.operation}: {each.status}" for each in answers if not 400 <= each.status < 500}
    clause.none("invalid requests that were not refused", sorted(taken), examined=len(answers))
    clause.equal("operations that were tried", sorted({each.operation for each in answers}), expect["operations"])
    clause.equal("pipelines that run", running, [])
