"""The data plane beside its peers: what bench/run measures, on which stage, and how figures become ratios."""
