// node firefox.mjs PAGE FIREFOX: open a page in Firefox, explain a grid of settings, train some batches, use every control, and tell it as JSON
//
// puppeteer-core is looked for where this is run: npm install puppeteer-core
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [page, firefox, explainAll, everyControl] = process.argv.slice(2);
const found = createRequire(`${process.cwd()}/`).resolve("puppeteer-core"), puppeteer = (await import(pathToFileURL(found).href)).default;
const browser = await puppeteer.launch({ browser: "firefox", executablePath: firefox, headless: true, protocolTimeout: 300_000 });
try {
  const shown = await browser.newPage(), complaints = [], requests = [];
  shown.on("console", message => { if (["error", "warn"].includes(message.type())) complaints.push(message.text()); });
  shown.on("pageerror", error => complaints.push(String(error)));
  shown.on("request", request => requests.push(request.url().slice(0, 60)));
  await shown.goto(pathToFileURL(page).href, { timeout: 120_000 });
  await shown.waitForSelector('html[data-ready="1"]', { timeout: 120_000 });
  const status = await shown.$eval("#status", each => each.textContent);
  let explained = 0;
  const problems = [];
  for (const kind of ["conv", "conv_transpose", "tiled_conv", "unshared_conv", "max_pool", "avg_pool", "l2_pool", "gaussian_pool"]) {
    for (const [n, pass] of ["forward", "backward_input", ...(kind.endsWith("pool") ? [] : ["backward_weight"])].entries()) {
      for (const [stride, padding] of [["1x1", "valid"], ["2x1", kind.endsWith("pool") ? "valid" : "same"]]) {
        const settings = { kind, pass, stride, padding, axes: "2", image: "count 0, 1, 2 ...", window: n % 2 ? "3x2" : "2x2", channels: "2", filters: "2", groups: String(1 + n % 2), bias: "0.3" };
        const told = await shown.evaluate(`(${explainAll})(${JSON.stringify(settings)})`);
        if (told.problem || told.wrong) problems.push([settings, told]);
        else explained += told.same;
      }
    }
  }
  await shown.click("#tab-train");
  await shown.click("#room-train button.main");
  await shown.waitForFunction(() => window.minicnn.rooms.train.trainers[0].tests.length > 2, { timeout: 180_000 });
  await shown.click("#room-train button.main");
  await shown.click("#tab-look");
  await shown.waitForSelector("#room-look .map");
  const trained = await shown.evaluate(() => { const [each] = window.minicnn.rooms.train.trainers; return { steps: each.steps, tests: each.tests, speed: each.speed, losses: [each.batches[0].loss, each.batches.at(-1).loss] }; });
  const verdict = await shown.$eval("#room-look .explanation .verdict", each => each.textContent);
  const { used, errors, missed } = await shown.evaluate(`(${everyControl})()`);
  console.log(JSON.stringify({ version: await browser.version(), status, explained, problems, trained, verdict, used: used.length, errors, missed, complaints, requests }));
} finally {
  await browser.close();
}
