"""Publishing twice with one key stores once. Repeats count as accepted: they are as safe as the rest."""

import json
import unittest

from harness.case import NDJSON, DaemonCase
from harness.waiting import wait_until


class IdempotencyTest(DaemonCase):

    def post(self, data, key="k", topic=None, **parameters):
        return self.try_publish(data, topic, {"Idempotency-Key": key}, **parameters)

    def test_the_first_answer_comes_again_and_nothing_is_stored(self):
        stream = self.listener()
        first = self.post("x").json()
        again = self.post("x")
        self.assertEqual(again.status, 200)
        self.assertEqual(again.json(), {**first, "duplicate": True})
        self.assertNotIn("duplicate", first)
        self.assertEqual(stream.data(1), ["x"])
        self.assert_silent(stream)

    def test_whatever_the_payload(self):
        stream = self.listener()
        first = self.post("x").json()["id"]
        self.assertEqual(self.post("something else", event="e").json()["id"], first)
        self.assertEqual(stream.data(1), ["x"])
        self.assert_silent(stream)

    def test_another_key_or_topic_is_another_event(self):
        ids = {self.post("x", "a").json()["id"], self.post("x", "b").json()["id"],
               self.post("x", "a", self.topic + "/other").json()["id"]}
        self.assertEqual(len(ids), 3)

    def test_a_failed_publish_frees_its_key(self):
        self.assert_problem(self.post(b"\xff"), 400)
        answer = self.post("x").json()
        self.assertNotIn("duplicate", answer)

    def test_a_key_of_128_bytes_is_the_longest(self):
        for length in (127, 128):
            self.assertEqual(self.post("x", "k" * length).status, 200)
        self.assert_problem(self.post("x", "k" * 129), 400)

    def test_the_key_of_an_object_works_like_the_header(self):
        stream = self.listener()
        event = {"topic": self.topic, "data": "x", "key": "k"}
        first = self.publish_many(event)
        again = self.publish_many(event)
        self.assertEqual((first["accepted"], first["duplicates"]), (1, 0))
        self.assertEqual((again["accepted"], again["duplicates"]), (1, 1))
        self.assertEqual(again["last_id"], first["last_id"])
        self.assertEqual(stream.data(1), ["x"])
        self.assert_silent(stream)

    def test_duplicates_within_an_array_are_counted(self):
        stream = self.listener()
        answer = self.publish_many([{"topic": self.topic, "data": data, "key": key}
                                    for data, key in [("a", "1"), ("b", "2"), ("again", "1")]])
        self.assertEqual((answer["accepted"], answer["duplicates"]), (3, 1))
        self.assertEqual(stream.data(2), ["a", "b"])
        self.assert_silent(stream)

    def test_a_refused_array_frees_its_keys(self):
        good = {"topic": self.topic, "data": "a", "key": "1"}
        self.assert_problem(self.try_publish_many([good, {"topic": 1}]), 400, index=1)
        self.assertEqual(self.publish_many(good)["accepted"], 1)

    def test_lines_of_ndjson_have_keys_as_well(self):
        stream = self.listener()
        body = b"".join(json.dumps({"topic": self.topic, "data": str(n), "key": str(n)}).encode() + b"\n"
                        for n in range(3))
        self.assertEqual(self.try_publish_many(body, NDJSON).json()["accepted"], 3)
        again = self.try_publish_many(body, NDJSON).json()
        self.assertEqual((again["accepted"], again["duplicates"]), (3, 3))
        self.assertEqual(stream.data(3), ["0", "1", "2"])
        self.assert_silent(stream)

    def test_two_at_once_store_one(self):
        stream = self.listener()
        connections = [self.connect() for _ in range(8)]
        for connection in connections:
            connection.send(f"POST /topics/{self.topic} HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: race\r\n"
                            "Content-Length: 1\r\n\r\nx".encode())
        answers = [connection.read_response().json() for connection in connections]
        self.assertEqual(len({answer["id"] for answer in answers}), 1)
        self.assertEqual(sum("duplicate" not in answer for answer in answers), 1)
        self.assertEqual(stream.data(1), ["x"])
        self.assert_silent(stream)


class WindowTest(DaemonCase):
    settings = {"idempotency": {"window": "200ms"}}

    def test_after_the_window_the_key_is_forgotten(self):
        headers = {"Idempotency-Key": "k"}
        first = self.publish("x", headers=headers)
        wait_until(lambda: self.publish("x", headers=headers) != first, "the key is forgotten")


if __name__ == "__main__":
    unittest.main()
