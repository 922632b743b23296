// What the suite's repository asks today where it asks otherwise than the pinned package, which is older than
// RFC 9111: in our words, under the ids that the repository uses. A checkout (SUITE) is not amended.

import { INTERIM } from "./interim.mjs";
import { TARGETED } from "./targeted.mjs";

const CACHED = "cached";
const FORWARDED = "not_cached";

/** A response with these fields, then, three seconds later, the same request again. */
function twice(id, kind, expected, fields, more = {}) {
  const first = { response_headers: fields, setup: true, pause_after: true };
  return { id, kind, name: id, requests: [first, { expected_type: expected }], ...more };
}

/** RFC 9111 §5.1: what is no age is ignored, and of several the first counts. Before, each made a response stale. */
const AGES_IGNORED = ["nonnumeric", "negative", "float", "prefix-twoline", "dup-0", "dup-0-twoline", "dup-old"];
const AGES_ASKED_ABOUT = ["parameter", "numeric-parameter"];

/** RFC 9111 §5.3: an invalid date is in the past. Before, it was only asked what becomes of it. */
const INVALID_DATES = [
  "utc",
  "aest",
  "2-digit-year",
  "no-comma",
  "multiple-spaces",
  "date-dashes",
  "time-periods",
  "1-digit-hour",
  "multiple-lines",
];
const VALID_DATES = ["rfc850", "ansi-c", "wrong-case-weekday", "wrong-case-month", "wrong-case-tz"];
/** These two lacked the comma. */
const DATES = {
  "freshness-expires-32bit": "Tue, 19 Jan 2038 14:14:08 GMT",
  "freshness-expires-far-future": "Sun, 21 Nov 2286 04:46:39 GMT",
};

/** RFC 9111 §3.2 names `Content-Length` alone; of the others it is now asked what becomes of them. */
const STILL_REQUIRED_OF_304 = [
  "Test-Header",
  "X-Test-Header",
  "Content-Foo",
  "X-Content-Foo",
  "Cache-Control",
  "Content-Length",
];
const NOT_UPDATED_BEFORE = ["Content-Encoding", "Content-MD5", "Content-Range", "ETag"];

/** Asked no more. */
const DROPPED = [
  "freshness-max-age-ignore-quoted-all",
  "freshness-max-age-ignore-quoted-all-rev",
  "freshness-max-age-multiple-line",
  "freshness-max-age-multiple-directive",
];

/** Fields of the request and of the response that say the first response is fresh for long. */
const LONG_FRESH = [
  ["Cache-Control", "max-age=10000"],
  ["Expires", 10000],
  ["Date", 0],
];

/** A fresh response, then one that must not be stored: it does not concern the first one. */
function oldAndNew(id, control) {
  return {
    id,
    name: id,
    depends_on: ["cc-resp-no-store"],
    requests: [
      { response_headers: [...LONG_FRESH, ["A", "1"]], setup: true, pause_after: true },
      { response_headers: [["Cache-Control", control], ["Date", 0], ["A", "2"]], setup: true, pause_after: true },
      { expected_type: CACHED, expected_response_headers: [["a", "1"]] },
    ],
  };
}

const understood = (id, status, kind, expected, needs) => ({
  id,
  kind,
  name: id,
  depends_on: needs,
  requests: [
    {
      response_status: status,
      response_headers: [["Cache-Control", "max-age=3600, no-store, must-understand"]],
      setup: true,
    },
    { expected_type: expected },
  ],
});

const MONTH = 30 * 24 * 60 * 60;

/** Those that are new, by the group that they belong to. */
const NEW = {
  "cc-freshness": [
    twice("freshness-max-age-stale", "required", FORWARDED, [["Cache-Control", "max-age=2"]], {
      depends_on: ["freshness-max-age"],
    }),
  ],
  "age-parse": [
    ["large-minus-one", "2147483647"],
    ["large", "2147483648"],
    ["larger", "2147483649"],
  ].map(([id, age]) =>
    twice(
      `age-parse-${id}`,
      "required",
      FORWARDED,
      [
        ["Date", 0],
        ["Cache-Control", "max-age=3600"],
        ["Age", age, false],
      ],
      { depends_on: ["freshness-max-age-age"] },
    ),
  ),
  "cc-response": [
    oldAndNew("cc-resp-no-store-old-new", "no-store"),
    oldAndNew("cc-resp-no-store-old-max-age", "no-store, max-age=0"),
  ],
  stale: [
    twice(
      "stale-while-revalidate",
      "optimal",
      CACHED,
      [
        ["Cache-Control", "max-age=1, stale-while-revalidate=3600"],
        ["ETag", '"abc"'],
      ],
      { depends_on: ["freshness-max-age-stale"] },
    ),
    {
      id: "stale-while-revalidate-window",
      name: "stale-while-revalidate-window",
      depends_on: ["stale-while-revalidate"],
      requests: [
        {
          response_headers: [
            ["Cache-Control", "max-age=1, stale-while-revalidate=4"],
            ["ETag", '"abc"'],
          ],
          setup: true,
          pause_after: true,
        },
        {
          response_headers: [
            ["Cache-Control", "no-cache", false],
            ["ETag", '"def"', false],
          ],
          expected_type: CACHED,
          setup: true,
          pause_after: true,
        },
        { expected_response_headers: [["client-request-count", "3"]] },
      ],
    },
  ],
  status: [
    understood("status-599-must-understand", [599, "Whatever"], "required", FORWARDED, ["status-599-fresh"]),
    understood("status-200-must-understand", [200, "OK"], "optimal", CACHED, [
      "status-200-fresh",
      "cc-resp-no-store-fresh",
    ]),
  ],
  other: [
    {
      id: "other-age-delay",
      kind: "check",
      name: "other-age-delay",
      requests: [
        {
          response_headers: [
            ["Cache-Control", "max-age=3600"],
            ["Date", 0],
          ],
          response_pause: 5,
          expected_response_headers: [["age", ">", 0]],
        },
      ],
    },
    ...[
      ["other-date-update-expires", "required", "Date", 0],
      ["other-date-update-expires-update", "check", "Expires", MONTH],
    ].map(([id, kind, name, value]) => {
      const test = twice(id, kind, CACHED, [
        ["Expires", MONTH],
        ["Date", 0],
      ]);
      test.requests[1].expected_response_headers = [[name, value]];
      return { ...test, depends_on: ["freshness-expires-future"] };
    }),
  ],
};

/** The package's tests as they are asked today, or `undefined` for one that is not. */
function amended(test) {
  const { id } = test;
  const asked = (kind, expected) => {
    test.kind = kind;
    if (expected) test.requests.at(-1).expected_type = expected;
    return test;
  };
  if (DROPPED.includes(id)) return undefined;
  const age = id.match(/^age-parse-(.*)/)?.[1];
  if (AGES_IGNORED.includes(age)) return asked("required", CACHED);
  if (AGES_ASKED_ABOUT.includes(age)) return asked("check", FORWARDED);
  if (id in DATES) {
    test.requests[0].response_headers[0][1] = DATES[id];
    return asked("optimal", CACHED);
  }
  const date = id.match(/^freshness-expires-(?:invalid-)?(.*)/)?.[1];
  if (VALID_DATES.includes(date)) return asked("optimal", CACHED);
  if (INVALID_DATES.includes(date)) return asked("required", FORWARDED);
  const field = id.match(/^304-etag-update-response-(.*)/)?.[1];
  if (NOT_UPDATED_BEFORE.includes(field)) updated(test, field);
  if (field && !STILL_REQUIRED_OF_304.includes(field)) return asked("check");
  // RFC 9111 §4.4: a cache "MAY" invalidate these.
  if (/^invalidate-.*-(location|cl)$/.test(id)) return asked("check");
  if (id === "partial-use-stored-headers") return asked("required");
  if (id.startsWith("stale-close-")) {
    // An answer of the cache's own has no number from the server, and was taken for a stored one.
    test.requests[1] = {
      disconnect: true,
      any_status: true,
      check_body: false,
      expected_response_headers_missing: ["server-request-count"],
    };
  }
  if (id === "conditional-etag-vary-headers-mismatch") {
    test.requests[0].response_headers[0][1] = 10000;
    delete test.requests[1].expected_type;
    test.requests[1].expected_request_headers = [["If-None-Match", '"abcdef"']];
  }
  return test;
}

/** A 304 is now expected to bring the new value of this field. */
function updated(test, field) {
  const [first, second, third] = test.requests;
  const valueIn = (request) => request.response_headers.find(([name]) => name === field);
  valueIn(first)[2] = true;
  valueIn(second)[2] = true;
  const value = valueIn(second)[1];
  valueIn(third).splice(1, 2, value, true);
  for (const request of [second, third]) request.expected_response_headers = [[field, value]];
}

/** A whole group that is asked no more; we keep what it asks. */
const RETIRED = "surrogate-control";

export function amend(groups) {
  const ids = new Set(Object.values(NEW).flatMap((tests) => tests.map((test) => test.id)));
  const known = groups.map((group) => {
    const tests = group.tests.filter((test) => !ids.has(test.id)).map(amended);
    if (group.id === RETIRED) for (const test of tests) test.kind = "retired";
    return { ...group, tests: [...tests.filter(Boolean), ...(NEW[group.id] ?? [])] };
  });
  return [...known, TARGETED, INTERIM];
}
