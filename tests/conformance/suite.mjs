// Where the public HTTP cache test suite is: the pinned package, or a checkout of its repository (SUITE=folder).

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { amend } from "./amendments.mjs";

const PACKAGE = fileURLToPath(new URL("node_modules/http-cache-tests", import.meta.url));

const FOLDER = process.env.SUITE ? resolve(process.env.SUITE) : PACKAGE;

// The repository has moved its engine into a folder since the package was made.
const ENGINE = existsSync(join(FOLDER, "test-engine")) ? join(FOLDER, "test-engine") : FOLDER;

/** A module of the suite's tests. */
const tests = (name) => import(pathToFileURL(join(FOLDER, "tests", name)));

/** A module of the engine that sends requests and answers them. */
export const engine = (name) => import(pathToFileURL(join(ENGINE, name)));

export const isInstalled = existsSync(join(FOLDER, "tests", "index.mjs"));

/** Whether the tests are those of the package as they were published, or a checkout's: not amended. */
const AS_IT_IS = Boolean(process.env.SUITE || process.env.AS_PUBLISHED);

/** All groups of tests for caches that are no browsers. */
export async function load() {
  const groups = [...(await tests("index.mjs")).default];
  for (const name of ["cdn-cache-control.mjs", "surrogate-control.mjs"]) {
    if (!existsSync(join(FOLDER, "tests", name))) continue;
    const { default: group } = await tests(name);
    if (!groups.includes(group)) groups.push(group);
  }
  const asked = AS_IT_IS ? groups : amend(groups);
  return asked.map((group) => ({ ...group, tests: group.tests.filter((test) => !test.browser_only) }));
}
