// Interim responses (RFC 9110 §15.2), of which the pinned package knows nothing: tests, how the server sends them, and
// how the client notes them; see amendments.mjs.

import { request as httpRequest } from "node:http";
import { Response } from "node-fetch";

const HINTS = [103, { link: "</styles.css>; rel=preload; as=style", "x-my-header": "test" }];

function test(id, kind, interim, more = {}) {
  return {
    id,
    kind,
    name: id,
    requests: [
      {
        interim_responses: interim,
        response_headers: [
          ["Cache-Control", "max-age=100000"],
          ["Date", 0],
        ],
        pause_after: true,
        ...more,
      },
      { expected_type: "cached", interim_none: true, ...more },
    ],
  };
}

export const INTERIM = {
  name: "Interim responses",
  id: "interim",
  tests: [
    test("interim-102", "optimal", [[102, {}]]),
    test("interim-103", "optimal", [HINTS]),
    test("interim-not-cached", "required", [[103, { link: HINTS[1].link }]]),
    test("interim-no-header-reuse", "optimal", [HINTS], { expected_response_headers_missing: ["x-my-header"] }),
  ],
};

/** What the server sends before its answer to this request of a test. */
export function sendInterim(config, response) {
  for (const [status, fields] of config?.interim_responses ?? []) {
    if (status === 102) response.writeProcessing();
    else response.writeEarlyHints(fields);
  }
}

/** One exchange: the answer, and what came before it. */
export function exchange(url, headers) {
  return new Promise((resolve, reject) => {
    const interim = [];
    const request = httpRequest(url, { headers: Object.fromEntries(headers), agent: false });
    request.on("information", ({ statusCode, headers: fields }) => interim.push([statusCode, fields]));
    request.on("error", reject);
    request.on("response", (message) => {
      const { statusCode: status, headers: fields } = message;
      resolve({ interim, response: new Response(message, { status, headers: fields }) });
    });
    request.end();
  });
}
