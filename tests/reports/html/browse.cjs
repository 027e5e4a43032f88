// Opens pages in Chromium and says what is wrong with them: one JSON object a line. See README.md.
// node browse.cjs MODULES SHOTS page.html... ; SHOTS is a folder for pictures, or "-" for none.
const path = require("node:path");
const fs = require("node:fs");
const [modules, shots, ...pages] = process.argv.slice(2);
const { chromium } = require(path.join(modules, "playwright-core"));
const axe = fs.readFileSync(path.join(modules, "axe-core", "axe.min.js"), "utf8");
const SIZES = [[360, 800], [1280, 900]];

// Runs in the page: sideways overflow, drawings' text beyond their frame, or text upon text.
function measured() {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push(`overflows: ${root.scrollWidth} > ${root.clientWidth}`);
  for (const svg of document.querySelectorAll("svg[role=img]")) {
    const frame = svg.getBoundingClientRect();
    if (!frame.width) continue;
    const boxes = [...svg.querySelectorAll("text")].filter((one) => one.textContent.trim()).map((one) => [one.textContent, one.getBoundingClientRect()]);
    for (const [text, box] of boxes)
      if (box.left < frame.left - 2 || box.right > frame.right + 2 || box.bottom > frame.bottom + 3) found.push(`beyond its drawing: ${text}`);
    boxes.forEach(([text, one], at) => {
      for (const [other, two] of boxes.slice(at + 1))
        if (one.left < two.right - 1 && two.left < one.right - 1 && one.top < two.bottom - 3 && two.top < one.bottom - 3) found.push(`text on text: ${text} / ${other}`);
    });
  }
  return found;
}

async function look(browser, page, file, scheme, [width, height]) {
  const faults = [];
  const requests = [];
  page.removeAllListeners();
  page.on("request", (one) => requests.push(one.url()));
  page.on("console", (one) => faults.push(`console: ${one.text()}`));
  page.on("pageerror", (one) => faults.push(`error: ${one}`));
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: scheme });
  await page.goto(`file://${file}`);
  faults.push(...(await page.evaluate(measured)));
  await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
  faults.push(...(await page.evaluate(measured)).map((one) => `unfolded: ${one}`));
  if (width > 1000 || scheme === "light") {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => axe.run(document));
    for (const one of violations) faults.push(`axe ${one.impact} ${one.id}: ${one.nodes.length}, ${one.nodes[0].html.slice(0, 120)}`);
  }
  if (requests.length !== 1) faults.push(`requests: ${requests.slice(0, 5)}`);
  return faults;
}

async function shoot(page, file, scheme, [width, height]) {
  const name = path.join(shots, `${path.basename(file, ".html")}-${width}-${scheme}.png`);
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: scheme });
  await page.goto(`file://${file}`);
  await page.screenshot({ path: name, fullPage: true });
}

(async () => {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
  // The page's own policy would keep the examiner's script out: it is only switched off for evaluate().
  const page = await (await browser.newContext()).newPage();
  for (const file of pages) {
    for (const scheme of ["light", "dark"])
      for (const size of SIZES) {
        if (shots !== "-") await shoot(page, file, scheme, size);
        const faults = await look(browser, page, file, scheme, size);
        console.log(JSON.stringify({ page: path.basename(file), scheme, width: size[0], faults }));
      }
    if (shots !== "-") {
      await page.emulateMedia({ media: "print", colorScheme: "light" });
      await page.goto(`file://${file}`);
      await page.pdf({ path: path.join(shots, `${path.basename(file, ".html")}.pdf`), preferCSSPageSize: true, printBackground: false });
      await page.emulateMedia({ media: "screen" });
    }
  }
  await browser.close();
})();
