"""What of the journal's benchmark can be judged without measuring."""

import unittest

import aims
import disk
import experiments
import measuring
import profiling
import report

MOUNTS = """/dev/vda / ext4 rw,relatime 0 0
tmpfs /dev/shm tmpfs rw 0 0
/dev/vdb /home/some\\040one/build xfs rw 0 0
tmpfs /home/some\\040one tmpfs rw 0 0
"""
ALWAYS = "ringcast-always"


def figures(publish=(1000, 9000), slow=(100, 2500), ndjson=70_000.0, fan_out=(100.0, 90.0), is_clean=True):
    """Results of two rounds each, as a run stores them."""
    twice = lambda **found: [{**found, "clean": True}] * 2
    runs = {f"journal-publish:{count}": {ALWAYS: twice(published_per_s=rate)}
            for count, rate in zip((1, 64), publish)}
    runs |= {f"journal-slow:{count}": {f"{ALWAYS}-slow": twice(published_per_s=rate)}
             for count, rate in zip((1, 64), slow)}
    runs["journal-ndjson:2"] = {ALWAYS: twice(published_per_s=ndjson)}
    runs |= {f"journal-fanout:{count}": {"ringcast": twice(deliveries_per_cpu_s=fan_out[0]),
                                         ALWAYS: twice(deliveries_per_cpu_s=fan_out[1])} for count in (1, 8)}
    runs["journal-replay:100"] = {ALWAYS: [{"clean": True}, {"clean": is_clean}]}
    return measuring.Results(runs)


def verdicts(results):
    return [each.is_met if each.is_met is None else bool(each.is_met) for each in aims.judge_journal(results)]


class DiskTest(unittest.TestCase):
    def test_the_file_system_of_a_path_is_that_of_the_mount_above_it(self):
        for path, kind in (("/srv/build", "ext4"), ("/dev/shm/x", "tmpfs"), ("/dev/shmx", "ext4"),
                           ("/home/some one/build/bench", "xfs"), ("/home/some one/buildx", "tmpfs")):
            self.assertEqual(disk.file_system(path, MOUNTS), kind, path)

    def test_of_two_mounts_on_one_point_the_later_one_counts(self):
        self.assertEqual(disk.file_system("/a/b", "x / rootfs rw 0 0\ny /a tmpfs rw 0 0\nz /a ext4 rw 0 0\n"), "ext4")


class AimsTest(unittest.TestCase):
    def test_all_met(self):
        self.assertEqual(verdicts(figures()), [True] * 6)

    def test_each_can_fall_short(self):
        for short, index in ((figures(ndjson=59_999.0), 0), (figures(publish=(1000, 7900)), 1),
                             (figures(slow=(100, 1990)), 2), (figures(is_clean=False), 5)):
            self.assertEqual(verdicts(short), [at != index for at in range(6)])
        self.assertEqual(verdicts(figures(fan_out=(100.0, 79.0))), [True, True, True, False, False, True])

    def test_what_was_not_measured_is_neither(self):
        self.assertEqual(verdicts(measuring.Results()), [None] * 6)
        self.assertEqual(aims.table(aims.judge_journal(measuring.Results())).count("not measured"), 12)


class ExperimentsTest(unittest.TestCase):
    def test_a_short_run_measures_what_every_aim_needs(self):
        for is_whole in (False, True):
            plan = experiments.for_journal(1.0, is_whole)
            runs = {each.name: {server: [dict(published_per_s=1.0, deliveries_per_cpu_s=1.0, clean=True)]
                                for server in each.servers} for each in plan}
            self.assertNotIn(None, verdicts(measuring.Results(runs)))

    def test_all_of_it_is_chosen_by_one_word(self):
        names = [each.name for each in experiments.for_journal(2.0, True)]
        self.assertEqual([name for name in names if not name.startswith("journal-")], [])
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual([name for name in profiling.LOADS if name.startswith("journal")],
                         ["journal-publish", "journal-ndjson"])

    def test_the_history_is_always_as_long(self):
        for scale in (1.0, 2.0):
            for each in experiments.for_journal(scale, True):
                if each.scenario == "history":
                    self.assertEqual(each.load["events"] + each.load["older"], experiments.HISTORY)
                    self.assertEqual((each.load["events"] % each.load["batch"], each.load["older"] % 1000), (0, 0))

    def test_the_floor_writes_as_many_events_at_once_as_wait(self):
        groups = {each.name: each.group for each in experiments.for_journal(1.0, True) if "sqlite" in each.servers}
        self.assertEqual(groups, {"journal-publish:1": 1, "journal-publish:8": 8, "journal-publish:64": 64,
                                  "journal-ndjson:2": 512, "journal-ndjson:1": 256})


class ReportTest(unittest.TestCase):
    def test_the_section_has_a_row_for_each_load_and_server(self):
        text = report.journal(figures())
        self.assertIn("| 64 publishers | ringcast-always | 9,000 |", text)
        self.assertIn("| 1,000 subscribers, 8 publishers | ringcast | 100 |", text)
        self.assertIn("| 100 | – | – | – | – | – | none |", text)

    def test_it_can_be_written_before_anything_was_measured(self):
        self.assertIn("not measured", report.journal(measuring.Results()))


if __name__ == "__main__":
    unittest.main()
