"""Servers of one kind as a group, a master and its replicas: what is the same for Redis and MySQL. Starts none."""

from .wait import eventually


class ServerGroup:
    """The heir has `kind` and `nodes`; nodes[0] starts as master, the others as its replicas."""

    @property
    def addresses(self):
        return [node.name for node in self.nodes]

    def by_name(self, name):
        return next(node for node in self.nodes if node.name == name)

    def replicas(self, master):
        """Those that live."""
        return [node for node in self.nodes if node is not master and node.alive]

    def wait_replicating(self, master, within=20.0):
        for replica in self.replicas(master):
            eventually(lambda r=replica: r.follows(master), within, f"{replica.name} follows {master.name}")

    def stop(self):
        """All of them at once."""
        for node in self.nodes:
            if node.running:
                node.process.kill()
        for node in self.nodes:
            node.kill()
