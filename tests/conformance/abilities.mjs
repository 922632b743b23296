// What amended tests ask of the client and the package's client cannot do yet, done around the `fetch` that it is given.

import { Response } from "node-fetch";
import { exchange } from "./interim.mjs";

/** Throws the suite's kind of error where interim responses do not come through, or come again from the cache. */
export function able(fetch, groups) {
  const tests = new Map(groups.flatMap((group) => group.tests.map((test) => [test.id, test])));
  return async (url, init = {}) => {
    const header = (name) => init.headers?.find(([key]) => key.toLowerCase() === name)?.[1];
    const config = tests.get(header("test-id"))?.requests[Number(header("req-num")) - 1] ?? {};
    if (config.interim_responses || config.interim_none) {
      const { response, interim } = await exchange(url, init.headers);
      compare(interim, config.interim_responses ?? []);
      return response;
    }
    const response = await fetch(url, init);
    // Any status will do, but the client must be told one.
    return config.any_status ? new Response(response.body, { status: 200, headers: response.headers }) : response;
  };
}

function compare(interim, expected) {
  const fail = (message) => {
    throw Object.assign(new Error(message), { name: "Assertion" });
  };
  const shown = JSON.stringify(interim);
  if (interim.length !== expected.length) fail(`${interim.length} interim responses: ${shown}`);
  expected.forEach(([status, fields], index) => {
    const [seen, seenFields] = interim[index];
    const all = Object.entries(fields).every(([name, value]) => seenFields[name] === value);
    if (seen !== status || !all) fail(`interim response ${index + 1} is ${shown}`);
  });
}
