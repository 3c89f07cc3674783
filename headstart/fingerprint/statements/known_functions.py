"""Functions that are known by their name. Pure."""

import re

from headstart.patterns import pattern

HARMLESS = pattern(
    r"""
    information_schema\..* | (?:pg_catalog\.)?(?: pg_\w+ | has_\w+_privilege |
    abs | age | any_value | array_agg | array_append | array_cat | array_length | array_lower |
    array_ndims | array_position | array_positions | array_prepend | array_remove |
    array_replace | array_to_json | array_to_string | array_upper | ascii | avg | bit_and |
    bit_length | bit_or | bool_and | bool_or | bpchar | btrim | cardinality | cast | cbrt | ceil
    | ceiling | char | char_length | character_length | chr | clock_timestamp | coalesce |
    col_description | concat | concat_ws | convert_from | convert_to | count | cume_dist |
    current_database | current_date | current_query | current_role | current_schema |
    current_schemas | current_setting | current_time | current_timestamp | current_user |
    currval | date | date_bin | date_part | date_trunc | decimal | decode | dense_rank | digest
    | div | encode | enum_first | enum_last | enum_range | every | exp | extract | first_value |
    float | float4 | float8 | floor | format | format_type | gen_random_bytes | gen_random_uuid
    | generate_series | generate_subscripts | get_bit | get_byte | greatest | grouping |
    hashtext | initcap | int | int2 | int4 | int8 | integer | interval | isfinite | json_agg |
    json_array_elements | json_array_elements_text | json_array_length | json_build_array |
    json_build_object | json_each | json_each_text | json_extract_path | json_extract_path_text
    | json_object | json_object_agg | json_object_keys | json_populate_record |
    json_populate_recordset | json_strip_nulls | json_to_record | json_to_recordset |
    json_typeof | jsonb | jsonb_agg | jsonb_array_elements | jsonb_array_elements_text |
    jsonb_array_length | jsonb_build_array | jsonb_build_object | jsonb_each | jsonb_each_text |
    jsonb_extract_path | jsonb_extract_path_text | jsonb_insert | jsonb_object |
    jsonb_object_agg | jsonb_object_keys | jsonb_path_exists | jsonb_path_query |
    jsonb_path_query_array | jsonb_path_query_first | jsonb_populate_record |
    jsonb_populate_recordset | jsonb_pretty | jsonb_set | jsonb_strip_nulls | jsonb_to_record |
    jsonb_to_recordset | jsonb_typeof | justify_days | justify_hours | justify_interval | lag |
    last_value | lastval | lead | least | left | length | ln | localtime | localtimestamp | log
    | lower | lpad | ltrim | make_date | make_interval | make_time | make_timestamp |
    make_timestamptz | max | md5 | min | mod | mode | name | nextval | now | nth_value | ntile |
    nullif | num_nonnulls | num_nulls | numeric | obj_description | octet_length | overlay |
    parse_ident | percent_rank | percentile_cont | percentile_disc | pi | position | power |
    quote_ident | quote_literal | quote_nullable | random | rank | regexp_count | regexp_instr |
    regexp_like | regexp_match | regexp_matches | regexp_replace | regexp_split_to_array |
    regexp_split_to_table | regexp_substr | repeat | replace | reverse | right | round |
    row_number | row_to_json | rpad | rtrim | session_user | set_config | setseed | sha256 |
    shobj_description | sign | split_part | sqrt | starts_with | statement_timestamp | stddev |
    strpos | string_agg | string_to_array | string_to_table | substr | substring | sum | text |
    time | timeofday | timestamp | timestamptz | timezone | to_char | to_date | to_hex | to_json
    | to_jsonb | to_number | to_regclass | to_regnamespace | to_regproc | to_regtype |
    to_timestamp | to_tsquery | to_tsvector | transaction_timestamp | translate | treat | trim |
    trunc | txid_current | unnest | upper | uuid | uuid_generate_v1 | uuid_generate_v4 | uuidv4
    | uuidv7 | varchar | variance | version )
    """,
    re.VERBOSE,
)
"""Functions of the server, and of two extensions, that touch no rows.

Some are volatile, as nextval() is; tests/integration/test_known_functions.py has the reasons.
"""
