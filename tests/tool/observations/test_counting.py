"""What a call counts is seen by the values of the metrics, not by reading all of them."""

from __future__ import annotations

import json
import subprocess
import sys

from observations.small_package import PROBES

PROGRAM = """
import json, types, counting

class Value:
    # As the metrics' library has it: each sample has one, a histogram one for each of its samples.
    def __init__(self, typ, metric_name, name, labelnames, labelvalues, help_text):
        self.value = 0.0
    def inc(self, amount):
        self.value += amount
    def set(self, value):
        self.value = value
    def get(self):
        return self.value

counting.install(types.SimpleNamespace(MutexValue=Value))
rows = Value("counter", "rows", "rows_total", ("table",), ("bars",), "Rows.")
level = Value("gauge", "level", "level", (), (), "Level.")
took = Value("histogram", "seconds", "seconds_sum", (), (), "Seconds.")
bucket = Value("histogram", "seconds", "seconds_bucket", ("le",), ("0.1",), "Seconds.")
counting.COUNTS.take()
rows.inc(2), rows.inc(1.5), level.set(0.5), level.inc(1), took.inc(0.123), took.inc(0.456), bucket.inc(1)
Value("counter", "idle", "idle_total", (), (), "Idle.").inc(0)
print(json.dumps([counting.COUNTS.take(), counting.COUNTS.take()]))
"""


def test_each_change_of_a_metric_is_told_once() -> None:
    """By how much a counter went up, where a gauge stands, how often something was measured with which sum."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=PROBES, capture_output=True, check=True, text=True)
    seen, afterwards = json.loads(done.stdout)
    assert seen == {"rows_total{table=bars}": 3.5, "level{}": {"float": "1.5"}, "seconds_sum{}": [2, 0.58]}
    assert afterwards == {}
