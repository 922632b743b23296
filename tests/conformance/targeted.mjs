// Tests of `CDN-Cache-Control` (RFC 9213) that the pinned package does not have yet; see amendments.mjs.

const REUSED = "cached";
const FORWARDED = "not_cached";

/** `false`: what becomes of the field on its way to the client is no matter of the test. */
const says = (value) => ["CDN-Cache-Control", value, false];

/** A first response with these fields, then, three seconds later, the same request again. */
function twice(id, kind, expected, fields, needs = ["cdn-max-age"]) {
  const first = { response_headers: fields, setup: true, pause_after: true };
  return { id, kind, name: id, depends_on: needs, requests: [first, { expected_type: expected }] };
}

/** What the second response says in a field, where CDNs and browsers are told different lifetimes. */
function exceeds(id, expected, fields) {
  const test = twice(id, "check", undefined, [
    ["Cache-Control", "max-age=1"],
    ...fields,
    ["CDN-Cache-Control", "max-age=10000"],
    ["Date", 0],
  ]);
  test.requests[1] = { expected_response_headers: [expected] };
  return test;
}

const NOT_YET = ["freshness-none"];
const FRESH_OTHERWISE = [
  ["Cache-Control", "max-age=10000"],
  ["Expires", 10000],
  ["Date", 0],
];

export const TARGETED = {
  name: "CDN-Cache-Control",
  id: "cdn-cache-control",
  tests: [
    twice("cdn-max-age", "optimal", REUSED, [says("max-age=3600")], NOT_YET),
    twice("cdn-max-age-max", "optimal", REUSED, [says("max-age=2147483648")], NOT_YET),
    twice("cdn-max-age-max-plus", "optimal", REUSED, [says("max-age=99999999999")], NOT_YET),
    twice("cdn-max-age-extension", "optimal", REUSED, [says("foobar, max-age=3600")]),
    twice("cdn-max-age-expires", "optimal", REUSED, [says("max-age=3600"), ["Expires", -10000], ["Date", 0]]),
    twice("cdn-max-age-cc-max-age-invalid-expires", "optimal", REUSED, [
      says("max-age=3600"),
      ["Expires", "0", false],
      ["Date", 0],
    ]),
    twice("cdn-max-age-short-cc-max-age", "optimal", REUSED, [["Cache-Control", "max-age=1"], says("max-age=3600")]),
    twice("cdn-max-age-age", "required", FORWARDED, [["Date", 0], says("max-age=3600"), ["Age", "7200"]]),
    twice("cdn-max-age-0", "required", FORWARDED, [says("max-age=0")]),
    twice("cdn-max-age-0-expires", "required", FORWARDED, [says("max-age=0"), ["Expires", 10000], ["Date", 0]]),
    twice("cdn-max-age-long-cc-max-age", "required", FORWARDED, [["Cache-Control", "max-age=3600"], says("max-age=1")]),
    twice("cdn-private", "required", FORWARDED, [says("private"), ...FRESH_OTHERWISE], []),
    twice("cdn-no-cache", "required", FORWARDED, [says("no-cache"), ...FRESH_OTHERWISE], []),
    twice("cdn-no-store-cc-fresh", "required", FORWARDED, [says("no-store"), ...FRESH_OTHERWISE], NOT_YET),
    twice("cdn-fresh-cc-nostore", "required", REUSED, [["Cache-Control", "no-store"], says("max-age=10000")], NOT_YET),
    twice("cdn-cc-invalid-sh-type-unknown", "required", FORWARDED, [
      says("max-age=10000, &&&&&"),
      ["Cache-Control", "no-store"],
    ]),
    twice("cdn-cc-invalid-sh-type-wrong", "required", FORWARDED, [
      says('max-age="10000"'),
      ["Cache-Control", "no-store"],
    ]),
    twice("cdn-max-age-space-before-equals", "check", FORWARDED, [["Cache-Control", "max-age=1"], says("max-age =100")]),
    twice("cdn-max-age-space-after-equals", "check", FORWARDED, [["Cache-Control", "max-age=1"], says("max-age= 100")]),
    twice("cdn-max-age-case-insensitive", "check", REUSED, [says("MaX-aGe=3600")]),
    {
      id: "cdn-remove-header",
      kind: "check",
      name: "cdn-remove-header",
      requests: [
        {
          response_headers: [...FRESH_OTHERWISE, says("foo")],
          expected_response_headers: [["CDN-Cache-Control", "foo"]],
        },
      ],
    },
    exceeds("cdn-remove-age-exceed", "Age", []),
    exceeds("cdn-date-update-exceed", ["Date", 0], []),
    exceeds("cdn-expires-update-exceed", ["Expires", 1], [["Expires", 1]]),
  ],
};
