// How each cache is put in front of the suite's server. All on loopback, all in a folder that goes away.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";

const PATIENCE = 60_000;

/**
 * A port on which nobody listens. The kernel's own choice would be one that it may give to any other connection before
 * the cache listens; from these it does not choose, nor do the tests of the workspace.
 */
async function freePort() {
  for (;;) {
    const port = 2_000 + Math.floor(Math.random() * 8_000);
    const server = createServer();
    try {
      await once(server.listen(port, "127.0.0.1"), "listening");
    } catch {
      continue;
    }
    server.close();
    await once(server, "close");
    return port;
  }
}

/** Waits for a line of output that `is` wanted. */
export async function lineOf(child, is, what) {
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (is(line)) return line;
    }
  } finally {
    clearTimeout(timer);
    // Whatever else it says must not fill the pipe.
    child.stdout.resume();
  }
  throw new Error(`${what} ended before it was ready`);
}

async function answers(port, child, what) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; ) {
    if (child.exitCode !== null) break;
    try {
      await fetch(`http://127.0.0.1:${port}/`);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`${what} does not answer`);
}

// A peer that does not start says why only to those who run it by hand.
const quiet = { stdio: "ignore" };

async function pentimento(origin, folder, binary) {
  const port = await freePort();
  const config = join(folder, "pentimento.toml");
  await writeFile(
    config,
    `[[site]]
hosts = ["*"]
upstream = "http://127.0.0.1:${origin}"
allow_private = true
heuristic_lifetime = "1d"
store_cookies = true
`,
  );
  const child = spawn(
    binary,
    ["run", "--config", config, "--data", join(folder, "data")].concat(
      ["--listen", `127.0.0.1:${port}`],
      ["--control-listen", `127.0.0.1:${await freePort()}`],
    ),
    { stdio: ["ignore", "pipe", "inherit"], env: { PENTIMENTO_LOG: "error", ...process.env } },
  );
  await lineOf(child, (line) => line === "ready", "pentimento");
  return { port, child };
}

async function nginx(origin, folder) {
  const port = await freePort();
  const config = join(folder, "nginx.conf");
  await writeFile(
    config,
    `${process.getuid() === 0 ? "user root;" : ""}
daemon off;
pid ${folder}/nginx.pid;
error_log stderr crit;
events {}
http {
    access_log off;
    client_body_temp_path ${folder}/body;
    proxy_temp_path ${folder}/proxy;
    fastcgi_temp_path ${folder}/fastcgi;
    uwsgi_temp_path ${folder}/uwsgi;
    scgi_temp_path ${folder}/scgi;
    proxy_cache_path ${folder}/cache keys_zone=cache:10m;
    server {
        listen 127.0.0.1:${port};
        location / {
            proxy_pass http://127.0.0.1:${origin};
            proxy_http_version 1.1;
            proxy_cache cache;
            proxy_cache_revalidate on;
        }
    }
}
`,
  );
  const child = spawn("nginx", ["-e", "stderr", "-p", folder, "-c", config], quiet);
  await answers(port, child, "nginx");
  return { port, child };
}

async function varnish(origin, folder) {
  const port = await freePort();
  const config = join(folder, "default.vcl");
  await writeFile(
    config,
    `vcl 4.1;
backend origin { .host = "127.0.0.1"; .port = "${origin}"; }
`,
  );
  const child = spawn(
    "varnishd",
    ["-F", "-n", join(folder, "varnish"), "-a", `127.0.0.1:${port}`, "-f", config].concat(
      ["-s", "malloc,64m"],
      // What the built-in policy keeps although nobody gave it a lifetime would drown everything else.
      ["-p", "default_ttl=0", "-p", "default_grace=0", "-p", "default_keep=3600"],
    ),
    quiet,
  );
  await answers(port, child, "varnish");
  return { port, child };
}

/** By name. Each resolves to its port and its process. */
export const CACHES = { pentimento, nginx, varnish };
