"""What a daemon tells Prometheus, read strictly."""

import re

from harness.http import fetch

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (\S+)')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="')


class Metrics:
    """Prometheus' text format 0.0.4. `samples`: {name with labels: value}."""

    def __init__(self, text):
        assert text.endswith("\n"), "the last line needs its end"
        self.text = text
        self.types, self.helps, self.labels, self.samples = {}, {}, {}, {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                name, kind = line[7:].split(" ")
                assert name not in self.types, f"{name} has two types"
                assert kind in ("counter", "gauge", "histogram", "summary", "untyped"), line
                self.types[name] = kind
            elif line.startswith("# HELP "):
                name, self.helps[name] = line[7:].split(" ", 1)
            elif line and not line.startswith("#"):
                self._add(line)
        assert set(self.types) == set(self.helps), "types and helps differ"

    def _add(self, line):
        match = SAMPLE.fullmatch(line)
        assert match, f"no sample: {line!r}"
        name, labels, value = match.groups()
        family = re.sub("_(bucket|sum|count)$", "", name)
        family = family if self.types.get(family) == "histogram" else name
        assert family in self.types, f"{name} has no type"
        assert name + (labels or "") not in self.samples, f"{line!r} came twice"
        self.samples[name + (labels or "")] = float(value)
        self.labels.setdefault(family, set()).update(set(LABEL.findall(labels or "")) - {"le"})

    def __getitem__(self, sample):
        """Of the sample that is written like this, labels included: m['a_total{reason="b"}']."""
        return self.samples[sample]


def scrape(address, headers=None):
    response = fetch(address, "GET", "/metrics", headers)
    assert response.status == 200, response
    return Metrics(response.body.decode("utf-8"))
