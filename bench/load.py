"""The write load of bench/safety: it knows which server said each OK, and what every replica heard, also after a restart."""

from dataclasses import dataclass

from scene import Scene
from sengu_e2e import Connection, ReplyError, Tap, Writer, Writers, let_pass


@dataclass(frozen=True)
class Answer:
    asked: float
    told: float
    server: str


class TracedWriter(Writer):
    """Asks on each new connection whose it is. No proxy here moves a connection, so every OK on it is that server's."""

    def __init__(self, subject, password, name):
        super().__init__(None, name, timeout=60)
        self.subject, self.password = subject, password
        self.connected_to, self.answers = None, []

    def address(self):
        return self.subject.address()

    def greet(self):
        server = Connection.over(self.connection)
        try:
            if self.password:
                server.command("AUTH", self.password)
            self.connected_to = server.command("CONFIG", "GET", "bind")[1]
        finally:
            server.reader.close()      # a socket stays open while somebody reads from it

    def acknowledged(self, asked, number):
        super().acknowledged(asked, number)
        self.answers.append(Answer(asked, self.acks[-1][0], self.connected_to))


class TracedWriters(Writers):
    def __init__(self, subject, password, count=4):
        self.all = [TracedWriter(subject, password, f"w{number}") for number in range(count)]

    @property
    def answers(self):
        """Of all writers, by when they came."""
        return sorted((answer for writer in self.all for answer in writer.answers), key=lambda answer: answer.told)

    def longest_silence(self, since, until):
        """The longest time that one writer waited for an acknowledgement, also when none came."""
        return max(self.silence(writer, since, until) for writer in self.all)

    @staticmethod
    def silence(writer, since, until):
        before = max((when for when, _ in writer.acks if when < since), default=since)
        times = [before, *(when for when, _ in writer.acks if since <= when < until), until]
        return max(later - earlier for earlier, later in zip(times, times[1:]))


class LastingTap(Tap):
    """Listens again after its node was restarted or threw it out."""

    def turn(self):
        if not self.ended:
            return super().turn()
        try:
            self.listen()
        except (OSError, ReplyError):
            let_pass(0.02)


class TracedScene(Scene):
    def load(self):
        return ([LastingTap(node) for node in self.group.nodes],
                TracedWriters(self.subject, self.master.password))
