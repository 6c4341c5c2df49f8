"""The leak list L1-L44 (`smart-consent.md` 3.5) as a table: each line, the tests that attack it, and their twins.

Law: a line without an attack or without a twin (a test that shows that what is permitted does arrive there) fails
`test_leak_list.py`, and so does a name that no test has. What the bridge does not offer yet is attacked as an address
that is not there, and says so: when it comes, its line needs better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Line:
    """One line: what leaks there, `attacks` and `twins` as file::test, and what is not there yet."""

    says: str
    attacks: tuple[str, ...]
    twins: tuple[str, ...]
    missing: str = ""


def _in(folder: str, *names: str) -> tuple[str, ...]:
    return tuple(f"tests/{folder}.py::test_{name}" for name in names)


ROUND: Final = _in("door/test_attackers", "no_attacker_is_told_what_it_may_not_have_by_any_way")
OWN: Final = _in("door/test_attackers", "by_every_way_what_is_permitted_does_arrive")
_HTTP: Final = "web/test_leaks_http"
_DOOR: Final = "door/test_leaks"
_REST: Final = "door/test_remaining_lines"
_EXACT: Final = _in("consent/test_exact", "what_leaves_is_exactly_what_the_oracle_permits")
_CHUNKS: Final = "web/test_chunks_http"
_OPERATIONS: Final = "web/test_operations"
_CONSENT: Final = "web/test_consent_http"
_BULK: Final = "web/test_bulk"
_CRAWL: Final = _in("web/test_crawl", "no_address_tells_what_is_not_granted")

LINES: Final[dict[int, Line]] = {
    1: Line(
        "a search gives only what lies in the window",
        _in(_HTTP, "l1_a_search_gives_exactly_the_readings_of_the_window", "l1_the_edges_are_half_open")
        + _in(_DOOR, "l1_only_what_lies_in_the_window_half_open",
              "l1_an_interval_over_the_edge_is_cut_and_never_whole",
              "l1_how_a_delivery_ended_and_what_was_programmed_are_not_told_of_a_part") + ROUND,
        _EXACT + OWN,
    ),
    2: Line("totals", _in(_HTTP, "l2_the_total_is_the_visible_count_on_every_page")
            + _in(_DOOR, "l2_totals_count_what_is_visible_on_every_page"), _EXACT),
    3: Line("_summary=count, _count=0", _in(_HTTP, "l3_counting_counts_what_is_visible")
            + _in(_REST, "l3_things_are_counted_as_they_are_told"),
            _in(_REST, "l3_things_are_counted_as_they_are_told")),
    4: Line("the first and the last by sorting", _in(_HTTP, "l4_the_first_and_the_last_are_the_windows")
            + _in(_DOOR, "l4_the_first_and_the_last_are_those_of_the_window"), _EXACT),
    5: Line(
        "page links",
        _in(_HTTP, "l5_pages_are_full_to_the_last_and_show_no_numbers", "l5_a_page_link_works_for_the_asker_alone",
            "l5_a_revoked_grant_stops_the_next_page", "l5_a_narrowed_grant_narrows_the_next_page")
        + _in(_DOOR, "l5_a_page_is_decided_anew") + ROUND,
        _in("fhir/test_pages", "a_link_gives_back_what_was_asked") + OWN,
    ),
    6: Line("page links that were tampered with or kept", _in(
        _HTTP, "l6_a_changed_page_link_is_refused", "l6_a_page_link_dies_after_an_hour")
        + _in(_DOOR, "l6_a_keyset_that_was_changed_gives_nothing"), OWN),
    7: Line("POST and GET are one filter", _in(_HTTP, "l7_post_and_get_are_the_same_search",
            "l7_parameters_in_body_and_url_narrow_and_never_widen") + ROUND, OWN),
    8: Line("dates outside of the window", _in(_HTTP, "l8_a_date_outside_the_window_looks_like_no_data",
            "l8_a_malformed_date_is_the_same_error_everywhere") + _in(_DOOR, "l8_dates_outside_look_like_no_data"),
            _in("consent/test_exact", "a_narrow_question_is_a_part_of_the_wide_answer")),
    9: Line("parameters as an oracle over hidden rows", _in(
        _HTTP, "l9_hidden_ids_in_a_list_find_nothing", "l9_parameters_that_are_not_offered_are_no_oracle",
        "l9_modifiers_are_refused", "l9_last_updated_finds_permitted_rows_alone")
        + _in(_DOOR, "l9_ids_of_hidden_readings_name_nothing")
        + _in("web/test_narrow", "an_amount_that_only_hidden_readings_have_finds_nothing_and_counts_nothing") + ROUND,
        _in("web/test_narrow", "an_amount_selects_among_the_open_readings")),
    10: Line("chains and _has", _in(_HTTP, "l10_chained_parameters_are_refused") + ROUND, OWN),
    11: Line("lenient handling", _in(_HTTP, "l11_lenient_handling_never_drops_a_filter"), OWN),
    12: Line("_filter, _query, _list, GraphQL", _in(_HTTP, "l12_the_wide_parameters_are_off"), OWN),
    13: Line("_elements and _summary", _in(_REST, "l13_fewer_elements_are_a_part_of_the_same_answer") + ROUND,
             _in("web/test_fhir_http", "elements_are_cut_and_tagged")),
    14: Line("_include", _in(_HTTP, "l14_only_devices_of_disclosed_readings_are_included",
             "l14_a_device_worn_only_before_the_window_is_absent", "l14_l15_other_inclusions_add_nothing") + ROUND,
             _in("web/test_things", "a_sensor_leads_to_its_device_and_back") + OWN),
    15: Line("_revinclude", _in(_HTTP, "l15_provenance_is_of_disclosed_readings_and_says_nothing_of_the_file",
             "l15_provenance_of_a_hidden_reading_is_absent", "l14_l15_other_inclusions_add_nothing") + ROUND, OWN),
    16: Line("references to hidden resources", _in(_REST, "l16_every_reference_leads_to_what_may_be_read"),
             _in(_REST, "l16_every_reference_leads_to_what_may_be_read")),
    17: Line("contained, fullUrl, documents", _in(_REST, "l17_nothing_is_contained_and_every_address_is_its_resources",
             "l17_l31_what_is_not_offered_is_no_address"), OWN,
             "no DiagnosticReport, DocumentReference or Binary yet: 404"),
    18: Line("SampledData over an edge", _in(
             _CHUNKS, "holes_and_edges_cut_chunks_and_tell_nothing_of_what_lies_in_them",
             "a_hidden_chunk_is_as_absent_as_one_that_never_was") + ROUND,
             _in("consent/test_sampled", "the_chunks_hold_exactly_what_the_oracle_permits")),
    19: Line(
        "a hidden id against one that never was",
        _in(_HTTP, "l19_hidden_and_never_existing_are_the_same_answer", "l19_a_kind_that_is_not_granted_is_absent",
            "l19_the_time_of_a_hidden_read_is_that_of_a_missing_one")
        + _in(_DOOR, "l19_a_hidden_id_is_as_absent_as_one_that_never_was",
              "l19_a_patient_without_a_grant_is_as_absent_as_none", "l19_absent_and_refused_do_the_same_work")
        + _in("door/test_timing", "l19_refused_and_absent_take_the_same_time",
              "l19_a_strangers_reading_takes_the_time_of_one_that_never_was"),
        _in("web/test_fhir_http", "what_a_search_finds_can_be_read") + OWN,
    ),
    20: Line("versions and history", _in(
        _HTTP, "l20_versions_and_history_of_a_hidden_reading_are_absent",
        "l20_versions_count_from_the_first_that_was_shown", "l20_type_and_system_history_are_not_offered",
        "l20_an_erased_person_is_absent_not_gone")
        + _in(_DOOR, "l20_history_shows_versions_inside_the_window_alone",
              "l20_a_reading_that_was_taken_away_is_gone") + ROUND, OWN),
    21: Line("conditions, ETag, lastUpdated", _in(_HTTP, "l21_conditions_on_hidden_resources_are_not_looked_at",
             "l21_what_is_visible_does_not_betray_what_comes_in_hidden")
             + _in(_DOOR, "l21_edits_of_hidden_readings_change_nothing_visible"),
             _in("web/test_fhir_http", "a_search_that_did_not_change_is_304")),
    22: Line("HEAD, OPTIONS, texts of errors", _in(_HTTP, "l22_head_and_options_tell_no_more_than_get",
             "l22_no_error_names_what_was_asked_for"),
             _in("web/test_fhir_http", "head_of_everything_is_get_without_the_body")),
    23: Line("ids that tell order or number", _in(_DOOR, "l23_ids_tell_neither_order_nor_number"), OWN),
    24: Line("conditional writes", _in(_REST, "l24_a_conditional_write_is_no_oracle"), OWN,
             "the bridge takes no writes over FHIR yet: 405"),
    25: Line("means of readings outside", _in(_DOOR, "l25_no_mean_is_made_with_readings_outside_the_window"), _EXACT,
             "no summaries yet"),
    26: Line("differences of answers", _in(_DOOR, "l26_two_overlapping_grants_tell_no_shorter_interval")
             + _in("consent/test_means", "nothing_shorter_than_a_block_can_be_had_by_subtraction"), _EXACT),
    27: Line("operations", _in(_OPERATIONS, "lastn_stays_inside_the_scopes_and_is_nothing_without_a_grant",
             "everything_of_nobody_is_the_same_absence", "everything_stays_inside_the_scopes")
             + _in(_REST, "l27_no_other_operation_is_there") + ROUND,
             _in(_OPERATIONS, "everything_is_what_the_searches_find") + OWN),
    28: Line("what tells of data quality", _in(
             _DOOR, "a_device_is_told_only_where_granted_and_only_of_disclosed_readings")
             + _in("web/test_things", "calibrations_outside_the_window_are_not_told_by_any_way") + _CRAWL,
             _in("web/test_things", "a_sensor_tells_its_permitted_calibrations")),
    29: Line("Patient and Device themselves", _in("web/test_things",
             "what_a_hidden_source_tells_of_a_shared_device_stays_hidden")
             + _in(_HTTP, "l14_a_device_worn_only_before_the_window_is_absent"),
             _in("web/test_things", "one_device_is_one_device_whatever_streams_of_it_there_are")),
    30: Line("bulk export", _in(
        _BULK, "l30_who_revokes_between_kick_off_and_download_is_not_in_it",
        "l30_a_narrowing_between_kick_off_and_download_narrows",
        "l30_the_way_bulk_must_be_in_the_grant", "l30_a_token_that_a_person_approved_is_refused_everywhere",
        "l30_an_export_is_its_clients_alone", "l30_nothing_counts_anybody",
        "l30_lenient_handling_never_drops_a_filter", "l30_scopes_of_kick_off_and_of_download_both_hold",
        "l30_who_is_in_the_group_is_told_of_members_alone_and_written_down") + ROUND,
        _in(_BULK, "an_export_brings_what_the_searches_find") + OWN,
    ),
    31: Line("subscriptions", _in(_REST, "l17_l31_what_is_not_offered_is_no_address"), OWN,
             "no subscriptions yet: no such address, 404"),
    32: Line("the queue of deliveries", _in(
        "push/test_worker", "l32_a_retry_after_a_narrowing_sends_the_narrow_part_alone",
        "l32_nothing_that_was_sent_is_kept_at_home", "l32_a_retry_after_a_revocation_sends_nothing",
        "a_revoked_grant_stops_the_next_bundle") + ROUND,
        _in("push/test_worker", "exactly_the_granted_readings_arrive_and_again_nothing") + OWN),
    33: Line("outbound calls", _in(
        "net/test_outbound", "l33_a_registered_name_that_leads_inside_is_not_called",
        "l33_a_name_is_looked_up_once_and_the_connection_goes_where_it_led",
        "an_origin_that_nobody_registered_is_never_called"),
        _in("net/test_outbound", "a_registered_endpoint_answers_and_the_call_is_in_the_register")),
    34: Line("another's token, and several grants", _in(
        _DOOR, "l34_each_grant_with_its_own_sides_and_recipient", "l34_a_named_client_is_not_its_whole_organisation")
        + ROUND, OWN),
    35: Line("tokens that outlive a grant", _in(
        _DOOR, "l35_neither_a_token_nor_a_grant_outlives_its_end", "l35_a_delivery_ends_with_its_own_grant") + ROUND,
        _in("web/test_smart_http", "a_token_opens_the_door_for_what_is_granted"),
        "refresh and introspection come with the launch"),
    36: Line("batches", _in(_HTTP, "l36_each_entry_of_a_batch_is_judged_alone", "l36_scopes_hold_inside_a_batch")
             + ROUND, _in("web/test_fhir_http", "a_batch_answers_each_entry_in_its_place") + OWN),
    37: Line("another patient", _in(
        _HTTP, "l37_one_token_sees_only_who_shares_with_it", "l37_every_search_names_one_patient",
        "l37_the_same_identifier_of_two_people_finds_neither",
        "l37_an_identifier_that_the_identity_withholds_finds_nothing")
        + _in(_DOOR, "l37_one_patients_ids_open_nothing_of_anothers") + ROUND, OWN),
    38: Line("metadata and discovery", _in(_HTTP, "l38_metadata_and_discovery_know_nobody"),
             _in("fhir/test_goldens", "the_statement_says_what_the_tables_offer")),
    39: Line("caches", _in(_HTTP, "l39_no_cache_may_keep_or_mix_answers", "l39_nothing_is_remembered_between_requests"),
             OWN),
    40: Line("clocks, days, late readings", _in(
        _DOOR, "l40_a_reading_that_comes_late_counts_by_when_it_was_taken",
        "l40_a_grant_acts_from_its_first_to_before_its_last_instant"), _EXACT),
    41: Line("grain", _in(_DOOR, "l41_hourly_is_not_to_be_had_as_raw_by_any_question") + ROUND,
             _in("consent/test_means", "a_mean_says_its_span_count_and_what_was_out_of_range")),
    42: Line("sizes, headers, timing", _in(_REST, "l42_headers_and_sizes_do_not_follow_what_is_hidden")
             + _in("door/test_timing", "l42_a_question_about_hidden_days_takes_the_time_of_one_about_none"),
             _in("web/test_fhir_http", "gzip_is_the_same_document")),
    43: Line("Consent and AuditEvent themselves", _in(
        _CONSENT, "l43_and_nothing_of_any_other_grant_or_recipient",
        "l43_who_shares_nothing_and_who_is_nobody_have_no_consents",
        "l43_sources_that_are_withheld_change_nothing_that_is_told",
        "l43_the_ledger_is_absent_for_every_recipient")
        + _in("consent/test_events", "l43_nobody_but_the_owner_and_a_named_operator_is_told") + ROUND,
        _in(_CONSENT, "l43_a_recipient_reads_the_grant_that_concerns_it")
        + _in("consent/test_events", "every_row_is_told_to_the_owner_and_an_outcome_with_what_it_came_of")),
    44: Line("after erasure", _in(_HTTP, "l20_an_erased_person_is_absent_not_gone")
             + _in("store/test_keys", "an_erased_patient_leaves_no_key_and_no_row")
             + _in("consent/test_ledger", "an_erased_patients_entries_still_count_and_no_longer_tell")
             + _in(_CONSENT, "an_erased_person_has_no_consents"),
             _in("store/test_keys", "demographics_come_back_and_rest_sealed")),
}  # fmt: skip
