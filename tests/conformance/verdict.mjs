// What the suite's raw results mean, test by test.

/** Required and optimal tests pass or fail; checks only ask how a cache behaves. Retired: see amendments.mjs. */
export const KINDS = ["required", "optimal", "check", "retired"];

export const kindOf = (test) => test.kind ?? "required";

/**
 * From a test's id to its verdict: `pass`, `fail`, `depends` (on a test that does not pass, so that its own result
 * says nothing), `setup` (its own preparation went wrong), `untested`.
 */
export function verdicts(groups, results) {
  const tests = new Map(groups.flatMap((group) => group.tests.map((test) => [test.id, test])));
  const known = new Map();
  const judge = (id) => {
    if (!known.has(id)) known.set(id, verdict(id));
    return known.get(id);
  };
  const verdict = (id) => {
    const result = results[id];
    if (result === undefined) return "untested";
    if ((tests.get(id).depends_on ?? []).some((needed) => tests.has(needed) && judge(needed) !== "pass")) return "depends";
    if (result === true) return "pass";
    return result[0] === "Setup" ? "setup" : "fail";
  };
  return new Map([...tests.keys()].map((id) => [id, judge(id)]));
}

/** How many tests of a kind have each verdict. */
export function count(groups, verdictOf, kind) {
  const counts = { pass: 0, fail: 0, depends: 0, setup: 0, untested: 0, all: 0 };
  for (const test of groups.flatMap((group) => group.tests)) {
    if (kindOf(test) !== kind) continue;
    counts[verdictOf.get(test.id)] += 1;
    counts.all += 1;
  }
  return counts;
}
