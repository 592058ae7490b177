-- Take the next slot of an API for a call: after the slots taken so far, and so that no more than so many calls are in
-- any period. Concurrent takers wait for the row, each with the last one's result before its eyes. What lies an hour
-- ahead is no slot, but was taken before a clock was set back.

INSERT INTO api_calls AS a (name, calls)
VALUES (%(name)s, ARRAY[clock_timestamp() + %(seconds)s * interval '1 second'])
ON CONFLICT (name) DO UPDATE SET calls = (
    WITH known AS (
        SELECT at FROM unnest(a.calls) c (at) WHERE at < clock_timestamp() + interval '1 hour'
    ), slot AS (
        SELECT GREATEST(
                   clock_timestamp() + %(seconds)s * interval '1 second',
                   max(at),
                   (SELECT at + %(period)s * interval '1 second' FROM known ORDER BY at DESC OFFSET %(calls)s - 1 LIMIT 1)
               ) AS at
          FROM known
    )
    SELECT ARRAY(SELECT k.at FROM known k WHERE k.at > s.at - %(period)s * interval '1 second' ORDER BY k.at) || s.at
      FROM slot s
)
RETURNING extract(epoch FROM calls[cardinality(calls)] - clock_timestamp())
