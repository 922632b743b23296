// The console's story in Chromium: change a picture at its source, go on seeing the old one, purge it, watch the
// receipt fill in, see the new one.
//
// PENTIMENTO_CONSOLE   where the control listener is (http://127.0.0.1:8081)
// PENTIMENTO_TOKEN     its API token
// PENTIMENTO_PICTURES  a folder for screenshots; none are kept without it
// CHROMIUM             the browser (/usr/bin/chromium)

import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const BASE = process.env.PENTIMENTO_CONSOLE ?? "http://127.0.0.1:8081";
const TOKEN = process.env.PENTIMENTO_TOKEN;
const PICTURES = process.env.PENTIMENTO_PICTURES;
const BROWSER = process.env.CHROMIUM ?? "/usr/bin/chromium";
const ORIGINAL = "demo/cat.jpg";
const OTHER = "demo/mountains.jpg";
const PATIENCE = 60_000;

function check(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}

/** What the browser complains about on this page: errors of scripts, of the policy, of requests. */
function complaintsOf(page) {
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(`a script failed: ${error.message}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`the browser says: ${message.text()}`);
  });
  page.on("requestfailed", (request) => {
    // A stream of events is cut off when its receipt gives way to the next one.
    if (!request.url().endsWith("/events")) {
      complaints.push(`a request failed: ${request.url()}: ${request.failure()?.errorText}`);
    }
  });
  return complaints;
}

/** The pixels that a person sees, as a digest. */
async function pixels(picture) {
  await picture.scrollIntoViewIfNeeded();
  await picture.evaluate((image) => image.decode());
  return createHash("sha256").update(await picture.screenshot({ animations: "disabled" })).digest("hex");
}

async function keep(page, name) {
  if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

async function story(page) {
  let steps = 0;
  const step = (words) => console.log(`${String(++steps).padStart(2)}  ${words}`);
  const card = page.locator(`.card[data-original="${ORIGINAL}"]`);
  const picture = card.locator("img");
  const receipt = page.locator("#receipt");

  await page.goto(`${BASE}/console`);
  check(page.url().endsWith("/console/login"), `without a session there is the form, not ${page.url()}`);
  await keep(page, "login");
  await page.getByLabel("API token").fill("not the token");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").filter({ hasText: "not the API token" }).waitFor();
  step("a wrong token is refused, in words");

  // The answer to a wrong token is a 401, which the browser notes as an error: only what comes now counts.
  const complaints = complaintsOf(page);
  await page.goto("about:blank");
  await page.goto(`${BASE}/console/login#token=${encodeURIComponent(TOKEN)}`);
  await page.waitForURL(`${BASE}/console`);
  step("the link with the token logs in, and leaves no token behind");

  await picture.waitFor();
  const before = await pixels(picture);
  const count = await page.locator(".card img").count();
  for (let n = 0; n < count; n++) {
    const image = page.locator(".card img").nth(n);
    await image.scrollIntoViewIfNeeded();
    await image.evaluate((element) => element.decode());
  }
  await keep(page, "pictures");
  step(`${count} pictures are shown`);

  await card.getByRole("button", { name: /^Change/ }).click();
  await card.getByText("still the old one").waitFor({ timeout: PATIENCE });
  await keep(page, "changed");
  step(`changed at its source: ${(await card.locator(".meta").innerText()).trim()}`);

  await page.reload();
  await picture.waitFor();
  check((await pixels(picture)) === before, "the delivered picture changed without a purge");
  step("it is delivered as before, also after the page was loaded again");

  await card.getByRole("button", { name: /^Purge/ }).click();
  await receipt.waitFor();
  const first = (await receipt.getByRole("status").innerText()).trim();
  step(`purged: ${first}`);

  await receipt.locator(".summary:not(.working)").waitFor({ timeout: PATIENCE });
  const last = (await receipt.getByRole("status").innerText()).trim();
  check(last.startsWith("Done"), `the purge ended otherwise: ${last}`);
  check((await receipt.locator(".steps li.behind").count()) === 7, "not all seven states are in the receipt");
  for (const heading of ["Originals", "Nodes", "Looks from outside"]) {
    const section = receipt.getByRole("heading", { name: heading, exact: true });
    check((await section.count()) === 1, `the receipt has nothing on: ${heading}`);
  }
  check((await receipt.locator(".place strong").count()) === 1, "the receipt does not say the position");
  check((await receipt.getByText("verified", { exact: true }).count()) > 0, "no look verified it");
  step(`the receipt is complete: ${last}`);

  await page.locator(`.card.fresh[data-original="${ORIGINAL}"]`).waitFor({ timeout: PATIENCE });
  check((await pixels(picture)) !== before, "the picture is still the one from before the purge");
  await keep(page, "purged");
  step("the picture on the page is the new one");

  await page.getByRole("link", { name: "Invalidations" }).click();
  await page.waitForURL(`${BASE}/console/invalidations`);
  const entries = page.getByLabel("What", { exact: true });
  const invalidated = await page.locator("table.log tbody tr").count();
  await entries.fill(`/${ORIGINAL}?w=500`);
  // The browser notes the refusal's status as an error, which is none of the page's.
  const quiet = complaints.length;
  const noted = page.waitForEvent("console");
  await page.getByRole("button", { name: "Invalidate" }).click();
  await page.getByRole("alert").filter({ hasText: "leave out ?w=500" }).waitFor();
  await noted;
  complaints.splice(quiet, 1);
  step("an original with a query is refused, and how it is written is said");

  await entries.fill(`/${ORIGINAL},\n/${OTHER}`);
  await page.getByRole("button", { name: "Preview" }).click();
  const preview = page.locator("#preview");
  await preview.waitFor();
  const impact = (await preview.getByRole("status").innerText()).trim();
  check(/^[1-9]\d* stored responses? in memory/.test(impact), `the pictures shown are stored, but: ${impact}`);
  check((await preview.getByText(/hits a minute/).count()) > 0, "the preview does not say what its nodes have");
  check((await page.locator("table.log tbody tr").count()) === invalidated, "a preview has sent something");
  await keep(page, "preview");
  step(`previewed: ${impact}`);

  await page.getByLabel("Also if it is unchanged").check();
  await page.getByRole("button", { name: "Invalidate" }).click();
  await receipt.locator(".summary:not(.working)").waitFor({ timeout: PATIENCE });
  const row = page.locator("table.log tbody tr").first();
  await row.getByText("Done", { exact: true }).waitFor({ timeout: PATIENCE });
  const received = row.locator("local-time");
  const local = await received.evaluate((element) => [
    element.shadowRoot.textContent,
    new Date(Number(element.getAttribute("millis"))).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" }),
  ]);
  check(local[0] === local[1], `the log says ${local[0]}; here it was ${local[1]}`);
  await row.getByRole("link", { name: "See links (2)" }).click();
  await page.locator("#receipt-panel").getByText(`original ${OTHER}`).waitFor();
  await keep(page, "invalidations");
  step("two at once are in the log, live, with their links and the time of this place");

  await page.setViewportSize({ width: 400, height: 800 });
  const log = await page.evaluate(() => document.documentElement.scrollWidth);
  check(log <= 400, `at 400 pixels the page of invalidations is ${log} wide`);
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.goto(`${BASE}/console`);

  await page.setViewportSize({ width: 400, height: 800 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  check(wide <= 400, `at 400 pixels the page is ${wide} wide`);
  await keep(page, "narrow");
  await page.setViewportSize({ width: 1280, height: 900 });
  step("it fits a screen of 400 pixels");

  await page.getByRole("button", { name: "Log out" }).click();
  await page.waitForURL(`${BASE}/console/login`);
  await page.goto(`${BASE}/console`);
  check(page.url().endsWith("/console/login"), "logging out left the session open");
  step("logged out");

  check(complaints.length === 0, `the browser complained:\n${complaints.join("\n")}`);
  step("no errors, and nothing that the page's policy had to stop");
}

if (!TOKEN) {
  console.error("PENTIMENTO_TOKEN is missing: `pentimento token` prints it");
  process.exit(2);
}
const profile = await mkdtemp(join(tmpdir(), "pentimento-story-"));
let browser;
try {
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: BROWSER,
    headless: true,
    viewport: { width: 1280, height: 900 },
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  await story(browser.pages()[0] ?? (await browser.newPage()));
} catch (error) {
  console.error(`failed: ${error.message}`);
  process.exitCode = 1;
} finally {
  await browser?.close();
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
}
