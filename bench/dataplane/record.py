"""One record: what one contestant did under one load, once. Figures as they were read; ratios are made elsewhere."""

from dataclasses import asdict, dataclass, field

DISTURBED = 0.08       # of the machine: what more than that was taken from says little


@dataclass
class Outcome:
    """What a load says of itself. `requests`: whatever the scenario counts (requests, GiB, connections, queries)."""
    requests: float
    rate: float                            # of these per second
    p50: float | None = None               # ms
    p99: float | None = None
    kib_per_session: float | None = None   # only of idle sessions


@dataclass
class Record:
    scenario: str
    contestant: str
    repetition: int
    rate: float = 0.0
    p50: float | None = None
    p99: float | None = None
    cpu: float | None = None               # us of the contestant's CPU per request; None where there is no process
    kib_per_session: float | None = None
    server_cpu: float = 0.0                # us per request
    client_cpu: float = 0.0
    foreign: float = 0.0                   # share of the machine that went to strangers
    elapsed: float = 0.0                   # seconds that the load took
    attempts: int = 1
    facts: dict = field(default_factory=dict)
    failed: str = ""                       # why there are no figures
    failed_again: str = ""                 # why the attempt after this one, which strangers had disturbed, has none

    @classmethod
    def of(cls, scenario, contestant, repetition, outcome, usage, facts):
        def per_request(seconds):
            return seconds / outcome.requests * 1e6
        return cls(scenario.name, contestant.name, repetition, outcome.rate, outcome.p50, outcome.p99,
                   per_request(usage.proxy) if contestant.pids else None, outcome.kib_per_session,
                   per_request(usage.server), per_request(usage.client), usage.foreign, usage.elapsed, facts=facts)

    def __str__(self):
        if self.failed:
            return f"failed: {self.failed}"
        figures = [f"{self.cpu:10.2f} us/request" if self.cpu is not None else " " * 21, f"{self.rate:10.1f}/s"]
        if self.p50 is not None:
            figures.append(f"p50 {self.p50:.3f} p99 {self.p99:.3f} ms")
        if self.kib_per_session is not None:
            figures.append(f"{self.kib_per_session:.2f} KiB a session")
        figures.append(f"foreign {self.foreign * 100:.0f} %" + (f", attempt {self.attempts}" if self.attempts > 1 else ""))
        return "  ".join(figures)

    @property
    def disturbed(self):
        return self.foreign > DISTURBED

    @property
    def trouble(self):
        """Why any attempt failed."""
        return self.failed or self.failed_again

    def as_dict(self):
        return asdict(self)
