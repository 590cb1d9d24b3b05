"""What every row has: a name to select it by, what it does to the group, and what is asked of it."""

from table import Goal


class Fault:
    name = label = measured = None
    goal = Goal()
    needs_network = False     # packets are dropped in a network of the run's own: root
    beside_peers = False      # means something for the peers of --peers too

    served_at_first = True    # the subject must route, and writes flow, before it begins

    def settings(self, group):
        """Arguments of sengu_e2e.Sengu, beside the usual."""
        return {}

    def group_options(self):
        """Arguments of sengu_e2e.RedisGroup."""
        return {}

    def arrange(self, scene):
        """What the group is like before the subject sees it."""

    def run(self, scene):
        """Does it, and returns a Run."""
        raise NotImplementedError
