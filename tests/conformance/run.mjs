// Runs the public HTTP cache test suite against a real node, compares with expected.json, and prints a table.
//
//   node run.mjs [--binary FILE] [--peers] [--update] [--only TEST-ID]
//
// --binary   the node's binary (target/release/pentimento)
// --peers    nginx and Varnish too, where they are installed; only ours is compared
// --update   writes what it sees to expected.json: read the difference before you commit it
// --only     one test, with all that goes over the wire
//
// SUITE=FOLDER    a checkout of the suite's repository instead of the pinned package
// AS_PUBLISHED=1  the package without the amendments that bring it up to date

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { CACHES, lineOf } from "./caches.mjs";
import { isInstalled, load } from "./suite.mjs";
import { KINDS, count, kindOf, verdicts } from "./verdict.mjs";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const EXPECTED = here("expected.json");

const { values: options } = parseArgs({
  options: {
    binary: { type: "string", default: here("../../target/release/pentimento") },
    peers: { type: "boolean", default: false },
    update: { type: "boolean", default: false },
    only: { type: "string" },
  },
});

async function text(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function ended(child) {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

async function stop(child) {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await ended(child);
  clearTimeout(timer);
}

/** The raw results of one cache before a server of its own. */
async function results(name) {
  const folder = await mkdtemp(join(tmpdir(), "conformance-"));
  // Varnish reads its configuration as a user of its own.
  await chmod(folder, 0o755);
  const children = [];
  try {
    const origin = spawn(process.execPath, [here("origin.mjs")], { stdio: ["ignore", "pipe", "inherit"] });
    children.push(origin);
    const port = Number(await lineOf(origin, () => true, "the suite's server"));
    const cache = await CACHES[name](port, folder, options.binary);
    children.unshift(cache.child);
    const base = `http://127.0.0.1:${cache.port}`;
    const client = spawn(process.execPath, ["--no-warnings", here("client.mjs"), base, options.only ?? ""], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.unshift(client);
    const output = await text(client.stdout);
    await ended(client);
    if (client.exitCode !== 0) throw new Error(`the suite's client ended with ${client.exitCode}`);
    const lines = output.trimEnd().split("\n");
    const last = lines.pop();
    if (options.only) console.log(lines.join("\n"));
    return JSON.parse(last);
  } finally {
    for (const child of children) await stop(child);
    await rm(folder, { recursive: true, force: true });
  }
}

const VERDICTS = ["pass", "fail", "depends", "setup", "untested"];

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  const padded = (cell, column) => String(cell)[column < 2 ? "padEnd" : "padStart"](widths[column]);
  for (const row of rows) console.log(`  ${row.map(padded).join("  ")}`);
}

function counted(groups, verdictOf, name) {
  return KINDS.map((kind) => {
    const counts = count(groups, verdictOf, kind);
    return [name, kind, ...VERDICTS.map((verdict) => counts[verdict]), counts.all];
  }).filter((row) => row.at(-1) > 0);
}

/** What differs from expected.json, of the tests that can be passed: what got worse, what got better. */
function compare(groups, verdictOf, expected) {
  const worse = [];
  const better = [];
  for (const test of groups.flatMap((group) => group.tests)) {
    if (kindOf(test) === "check") continue;
    const isExpected = test.id in (expected[kindOf(test)] ?? {});
    const passes = verdictOf.get(test.id) === "pass";
    if (!passes && !isExpected) worse.push(test.id);
    if (passes && isExpected) better.push(test.id);
  }
  return { worse, better };
}

function notPassed(groups, verdictOf, kind) {
  const ids = groups.flatMap((group) => group.tests.filter((test) => kindOf(test) === kind)).map((test) => test.id);
  const failed = ids.filter((id) => verdictOf.get(id) !== "pass").sort();
  return Object.fromEntries(failed.map((id) => [id, verdictOf.get(id)]));
}

async function main() {
  if (!isInstalled) {
    console.error("conformance: the suite is not there; `npm ci` in tests/conformance installs it");
    return 2;
  }
  const groups = await load();
  const raw = await results("pentimento");
  if (options.only) {
    console.log(options.only, raw[options.only]);
    return 0;
  }
  const ours = verdicts(groups, raw);
  const rows = [["cache", "kind", ...VERDICTS, "all"], ...counted(groups, ours, "pentimento")];
  for (const peer of options.peers ? Object.keys(CACHES).slice(1) : []) {
    rows.push(...counted(groups, verdicts(groups, await results(peer)), peer));
  }
  table(rows);

  for (const kind of KINDS) {
    const failed = Object.entries(notPassed(groups, ours, kind));
    if (failed.length === 0) continue;
    console.log(`\n${kind === "check" ? "behaves otherwise than asked" : `${kind}, not passed`}:`);
    for (const [id, verdict] of failed) {
      const why = Array.isArray(raw[id]) ? raw[id][1] : "";
      console.log(`  ${id}: ${verdict === "fail" ? "" : `${verdict}: `}${why}`);
    }
  }

  if (options.update) {
    const compared = KINDS.filter((kind) => kind !== "check");
    const seen = Object.fromEntries(compared.map((kind) => [kind, notPassed(groups, ours, kind)]));
    await writeFile(EXPECTED, `${JSON.stringify(seen, null, 2)}\n`);
    console.log("\nexpected.json is what was seen");
    return 0;
  }
  const { worse, better } = compare(groups, ours, JSON.parse(await readFile(EXPECTED, "utf8")));
  if (worse.length > 0) console.log(`\nREGRESSION: ${worse.join(" ")}`);
  if (better.length > 0) console.log(`\nbetter than expected.json (--update writes it anew): ${better.join(" ")}`);
  return worse.length > 0 ? 1 : 0;
}

process.exitCode = await main();
