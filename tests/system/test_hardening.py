"""Every attack that the daemon is known to withstand, and the case that proves it.

After each attack of test_hardening_*.py an honest publisher and subscriber on other connections are served.
What is judged by the parser alone is also in tests/unit/http_request_parser_test.cc, at every split of its bytes.
"""

import unittest

FRAMING, HEADS, INJECTION, LOAD = (f"test_hardening_{name}" for name in ("framing", "heads", "injection", "load"))

ATTACKS = {
    # Request smuggling (RFC 9112 section 11.2).
    "Content-Length beside Transfer-Encoding": f"{FRAMING}.FramingTest.test_a_length_beside_chunks",
    "Transfer-Encoding twice, disguised or of another coding":
        f"{FRAMING}.FramingTest.test_transfer_encodings_that_only_some_understand",
    "Content-Length +5, 5,5 and the like": f"{FRAMING}.FramingTest.test_lengths_that_are_no_number",
    "Content-Length twice, equal or not": f"{FRAMING}.FramingTest.test_two_lengths",
    "Content-Length near overflow": f"{FRAMING}.FramingTest.test_the_largest_length_that_is_a_number",
    "a body where none is due": f"{FRAMING}.FramingTest.test_a_body_on_a_get_is_no_request",
    "a request hidden in a refused body": f"{FRAMING}.ChunkTest.test_a_refused_body_is_not_read_as_requests",
    "bare LF in a head": f"{FRAMING}.LineEndTest.test_a_head_with_bare_line_feeds",
    "bare CR in a head": f"{FRAMING}.LineEndTest.test_a_head_with_bare_carriage_returns",
    "chunk sizes that are no number": f"{FRAMING}.ChunkTest.test_sizes_that_are_no_number",
    "chunk sizes that overflow": f"{FRAMING}.ChunkTest.test_sizes_beyond_the_limit",
    "chunk sizes that overflow as a sum": f"{FRAMING}.ChunkTest.test_sizes_that_overflow_together",
    "chunks longer or shorter than their size": f"{FRAMING}.ChunkTest.test_a_chunk_that_does_not_end_where_it_says",
    "bare LF between chunks": f"{FRAMING}.ChunkTest.test_bare_line_feeds_between_chunks",
    "a chunk extension of 1 MiB (CVE-2024-22019)": f"{FRAMING}.ChunkTest.test_an_extension_without_end",
    "a body without its last CRLF": f"{FRAMING}.ChunkTest.test_a_body_without_its_last_line_end_is_no_body",
    "trailers as headers": f"{FRAMING}.ChunkTest.test_trailers_are_not_headers",
    "framing in trailers": f"{FRAMING}.ChunkTest.test_a_trailer_that_would_change_the_framing_of_what_was_read",
    "a flood of trailers": f"{FRAMING}.ChunkTest.test_trailers_without_end",
    # What llhttp 8.1 lets through.
    "folded lines, blanks before the colon": f"{HEADS}.GrammarTest.test_header_lines_that_are_none",
    "a fold after the request line": f"{HEADS}.GrammarTest.test_a_folded_line_right_after_the_request_line",
    "blanks in numbers in the request line": f"{HEADS}.GrammarTest.test_request_lines_that_are_none",
    "methods in other clothes": f"{HEADS}.GrammarTest.test_methods_that_are_none",
    "HTTP/0.9": f"{HEADS}.VersionTest.test_http_0_9",
    "HTTP/2.0 and other versions": f"{HEADS}.VersionTest.test_versions_that_are_not_spoken",
    "versions of more digits": f"{HEADS}.VersionTest.test_versions_of_more_digits",
    "the preface of HTTP/2": f"{HEADS}.VersionTest.test_the_preface_of_http_2",
    "TLS on a plain port": f"{HEADS}.VersionTest.test_a_client_that_speaks_tls",
    "Transfer-Encoding in HTTP/1.0": f"{HEADS}.VersionTest.test_chunks_in_http_1_0",
    "no Host or two": f"{HEADS}.VersionTest.test_no_host_or_two",
    "an upgrade that breaks the next request":
        f"{HEADS}.VersionTest.test_an_upgrade_does_not_change_what_the_next_bytes_are",
    "CONNECT, and a request in its tunnel": f"{HEADS}.VersionTest.test_connect_opens_no_tunnel",
    # Floods of one request.
    "a flood of headers": f"{HEADS}.FloodTest.test_headers_without_end",
    "as many headers as fit": f"{HEADS}.FloodTest.test_a_head_full_of_the_shortest_headers",
    "a header of 1 MiB": f"{HEADS}.FloodTest.test_a_header_without_end",
    "a target of 1 MiB": f"{HEADS}.FloodTest.test_a_target_without_end",
    "a flood of empty lines": f"{HEADS}.FloodTest.test_empty_lines_without_end",
    "a flood of parameters": f"{HEADS}.FloodTest.test_parameters_without_end",
    # Paths.
    "dot segments, //, %00, %2F after a route": f"{HEADS}.TargetTest.test_dots_lead_nowhere",
    "%2F in a topic": f"{HEADS}.TargetTest.test_an_escaped_slash_is_a_slash_of_a_topic",
    "%00, controls and overlong UTF-8 in a topic": f"{HEADS}.TargetTest.test_topics_of_bytes_that_are_no_text",
    "absolute-form": f"{HEADS}.TargetTest.test_absolute_targets_are_taken_by_their_path",
    "authority-form and asterisk-form": f"{HEADS}.TargetTest.test_authorities_and_asterisks_are_no_paths",
    # Injection.
    "CR and LF in event and id": f"{INJECTION}.StreamInjectionTest.test_line_ends_in_a_type_or_an_id",
    "NUL in an id": f"{INJECTION}.StreamInjectionTest.test_a_nul_in_an_id",
    "ids and types that the broker uses": f"{INJECTION}.StreamInjectionTest.test_types_and_ids_of_the_broker",
    "CR and LF in data": f"{INJECTION}.StreamInjectionTest.test_line_ends_in_data_begin_no_field",
    "CR and LF in a comment": f"{INJECTION}.StreamInjectionTest.test_line_ends_in_a_comment_begin_no_field",
    "CR and LF in a topic": f"{INJECTION}.StreamInjectionTest.test_a_topic_with_a_line_end",
    "U+2028, NEL and the like": f"{INJECTION}.StreamInjectionTest.test_what_looks_like_a_line_end_is_none",
    "JSON in an envelope": f"{INJECTION}.StreamInjectionTest.test_an_envelope_around_hostile_text",
    "data that is not UTF-8": f"{INJECTION}.StreamInjectionTest.test_data_that_is_no_text",
    "response splitting": f"{INJECTION}.EchoTest.test_an_answer_that_quotes_the_request_quotes_it_in_json",
    "origins that look alike": f"{INJECTION}.EchoTest.test_origins_that_are_nearly_allowed",
    "headers that servers echo": f"{INJECTION}.EchoTest.test_other_headers_that_servers_have_echoed",
    "hostile Last-Event-ID": f"{INJECTION}.ResumePointTest.test_hostile_ids_in_the_header",
    "hostile Last-Event-ID in the query": f"{INJECTION}.ResumePointTest.test_hostile_ids_in_the_query",
    "Last-Event-ID that is not UTF-8": f"{INJECTION}.ResumePointTest.test_ids_that_are_no_text",
    "Last-Event-ID from the future": f"{INJECTION}.ResumePointTest.test_an_id_from_the_future",
    "hostile since": f"{INJECTION}.ResumePointTest.test_hostile_values_of_since",
    # Time and number.
    "slow head (slowloris)": f"{LOAD}.SlowTest.test_a_head_that_drips",
    "slow head of a later request": f"{LOAD}.SlowTest.test_a_second_head_that_drips",
    "slow body": f"{LOAD}.SlowTest.test_a_body_that_drips",
    "slow chunks": f"{LOAD}.SlowTest.test_chunks_that_drip",
    "slow line of NDJSON": f"{LOAD}.SlowTest.test_a_line_of_ndjson_that_drips",
    "many half heads": f"{LOAD}.SlowTest.test_many_half_heads",
    "answers that nobody reads": f"{LOAD}.SlowTest.test_an_answer_that_nobody_reads",
    "a stream that nobody reads": f"{LOAD}.SlowTest.test_a_subscriber_that_reads_nothing",
    "10,000 connections of one address": f"{LOAD}.NumberTest.test_ten_thousand_connections_of_one_address",
    "connections that come and go": f"{LOAD}.NumberTest.test_connections_that_come_and_go_at_once",
    "more connections than descriptors":
        "test_overload.DescriptorTest.test_a_full_descriptor_table_sheds_does_not_spin_and_recovers",
    "more connections than allowed":
        "test_overload.ConnectionLimitTest.test_who_is_in_stays_in_and_a_free_place_is_given_away",
    "more topics than allowed": "test_overload.TopicLimitTest.test_a_topic_too_many_is_refused_and_the_others_go_on",
    "more data than memory": "test_overload.MemoryTest.test_what_is_published_beyond_the_memory_pushes_out_the_oldest",
    "garbage": f"{LOAD}.NoiseTest.test_bytes_at_random",
    "garbage that looks like HTTP": f"{LOAD}.NoiseTest.test_words_of_http_at_random",
    "garbage from a subscriber": f"{LOAD}.NoiseTest.test_a_subscriber_that_talks",
    "half-open connections": f"{LOAD}.HalfOpenTest.test_a_client_that_shuts_its_side_in_the_middle",
    "connections cut anywhere": f"{LOAD}.HalfOpenTest.test_a_client_that_vanishes_in_the_middle",
    "requests behind an error": f"{LOAD}.PipelineTest.test_nothing_is_done_after_an_error",
    "requests behind a close": f"{LOAD}.PipelineTest.test_nothing_is_done_after_close",
    "a very long pipeline": f"{LOAD}.PipelineTest.test_a_very_long_pipeline",
}


class TableTest(unittest.TestCase):

    def test_each_attack_has_its_case(self):
        for attack, case in ATTACKS.items():
            with self.subTest(attack=attack):
                test = next(iter(unittest.defaultTestLoader.loadTestsFromName(case)))
                self.assertEqual(test.id(), case)


if __name__ == "__main__":
    unittest.main()
