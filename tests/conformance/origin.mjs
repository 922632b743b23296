// The suite's own server, on a port of loopback that it prints.

import { createServer } from "node:http";
import { sendInterim } from "./interim.mjs";
import { engine } from "./suite.mjs";

const handler = async (name) => (await engine(`server/handle-${name}.mjs`)).default;
const handlers = { config: await handler("config"), test: await handler("test"), state: await handler("state") };

const { configs } = await engine("server/utils.mjs");

const server = createServer((request, response) => {
  const [, room, ...rest] = new URL(request.url, "http://localhost").pathname.split("/");
  const handle = handlers[room];
  if (!handle) {
    response.writeHead(404).end();
    return;
  }
  // What the package's server cannot do yet.
  const config = configs.get(rest[0])?.[Number(request.headers["req-num"]) - 1];
  sendInterim(room === "test" ? config : undefined, response);
  setTimeout(() => handle(rest, request, response), 1000 * (config?.response_pause ?? 0));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
