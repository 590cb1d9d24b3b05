"""Fixtures: each test gets a block of loopback addresses, a scratch folder, and everything it started is ended."""

import os

import pytest

from sengu_e2e import Namespace, RedisGroup, RouteWatch, Sengu, Tap, Writers, claim_block, eventually
from sengu_e2e.mysql_clients import MySqlWriters
from sengu_e2e.mysql_server import FOREVER, MySqlGroup


class World:
    """One test's servers, proxies and clients."""

    def __init__(self, directory):
        self.directory = directory
        self.block = claim_block()
        self.ended = []   # in reverse order, at the end of the test
        self.groups, self.proxies = [], []

    def redis(self, count=3, **options):
        group = RedisGroup(self.block, self.directory, count, **options)
        self.groups.append(group)
        return group.start()

    def mysql(self, flavour, count=3, **options):
        """flavour: "mysql" or "mariadb"."""
        group = MySqlGroup(self.block, self.directory, flavour, count, **options)
        self.groups.append(group)
        return group.start()

    def sengu(self, servers=None, start=True, ready=True, subdirectory="sengu", **options):
        nodes, kind = (servers.addresses, servers.kind) if servers else ((), "redis")
        proxy = Sengu(self.block, self.directory / subdirectory, nodes, **{"kind": kind, **options})
        self.proxies.append(proxy)
        return proxy.start(ready) if start else proxy

    def ready_mysql(self, flavour, semi_sync=FOREVER, servers=None, **options):
        """(group, sengu, master), as soon as sengu knows whom it would promote. `servers`: more options of the group."""
        group = self.mysql(flavour, semi_sync=semi_sync, **(servers or {}))
        sengu = self.sengu(group, **options)
        eventually(lambda: sengu.state()["if_master_died"]["candidate"], what="a candidate")
        return group, sengu, group.nodes[0]

    def writers(self, proxy, count=4, **options):
        if proxy.kind == "mysql":
            return self.sql_writers(proxy.vip, count, **options)
        writers = Writers(proxy.vip, count, **options).start()
        self.ended.extend(writer.abandon for writer in writers.all)
        return writers

    def sql_writers(self, host, count=4, kind=MySqlWriters, **options):
        """To a VIP or to a server's own address. kind=LibraryWriters: on libmysqlclient."""
        writers = kind(host, count, **options).start()
        self.ended.extend(writer.abandon for writer in writers.all)
        return writers

    def tap(self, *nodes):
        taps = [Tap(node).start() for node in nodes]
        self.ended.extend(tap.abandon for tap in taps)
        return taps

    def watch(self, proxy):
        routes = RouteWatch(proxy.vip).start()
        self.ended.append(routes.abandon)
        return routes

    def end(self):
        for action in reversed(self.ended):
            action()
        for proxy in self.proxies:
            proxy.kill()
        for group in self.groups:
            group.stop()


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.end()


@pytest.fixture(params=["mariadb", "mysql"])
def flavour(request):
    return request.param


@pytest.fixture
def network():
    """A network of the test's own; world's processes must be started after it (name it first)."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    namespace = Namespace()
    yield namespace
    namespace.leave()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what sengu logged, and the servers of MySQL groups."""
    outcome = yield
    report = outcome.get_result()
    world = getattr(item, "funcargs", {}).get("world")
    if report.when == "call" and report.failed and world:
        for proxy in world.proxies:
            report.sections.append((f"sengu log ({proxy.log})", proxy.log_tail(60)))
        for node in (node for group in world.groups if group.kind == "mysql" for node in group.nodes if node.log.exists()):
            report.sections.append((f"server log ({node.log})", node.log_tail(15)))
