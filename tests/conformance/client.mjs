// The suite's client against one cache: node client.mjs http://HOST:PORT [TEST-ID]. Results as JSON, last line.

import fetch from "node-fetch";
import { able } from "./abilities.mjs";
import { engine, load } from "./suite.mjs";

/** Tests at the same time. Most of a test is a pause of three seconds. */
const AT_ONCE = 100;

const [base, only] = process.argv.slice(2);
const groups = await load();
if (only) {
  for (const group of groups) {
    group.tests = group.tests.filter((test) => test.id === only);
    for (const test of group.tests) test.dump = true;
  }
}
const { runTests, getResults } = await engine("client/runner.mjs");
if (runTests.length > 3) {
  await runTests(groups, able(fetch, groups), false, base, AT_ONCE);
} else {
  await runTests(groups, base, AT_ONCE);
}
process.stdout.write(`${JSON.stringify(getResults())}\n`);
