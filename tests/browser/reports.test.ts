/** The HTML reports as readers meet them: in Chromium, by keyboard, in the dark, on a telephone. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { detectionReport, studyReport, survivalReport } from "./material.js";
import { type OpenPage, startBrowser, violations } from "./browser.js";

let browser: Awaited<ReturnType<typeof startBrowser>>;
let reports: Readonly<Record<"detection" | "survival" | "study", string>>;

beforeAll(async () => {
  browser = await startBrowser();
  reports = {
    detection: await detectionReport(),
    survival: survivalReport(),
    study: await studyReport(),
  };
});
afterAll(() => browser?.close());

const PAPER = "getComputedStyle(document.body).backgroundColor";

describe.each(["detection", "survival", "study"] as const)("the %s report", (name) => {
  it("is quiet, asks for nothing and breaks no rule of accessibility", async () => {
    const { page, said, asked } = await browser.open(reports[name]);
    expect(await violations(page)).toEqual([]);
    expect({ said, asked }).toEqual({ said: [], asked: [] });
    expect(await page.evaluate(PAPER)).toBe("rgb(255, 255, 255)");
  });

  it("is dark where the reader prefers dark, with the contrast it needs", async () => {
    const { page, said, asked } = await browser.open(reports[name], { colorScheme: "dark" });
    expect(await page.evaluate(PAPER)).toBe("rgb(13, 17, 23)");
    expect(await violations(page, "color-contrast")).toEqual([]);
    expect({ said, asked }).toEqual({ said: [], asked: [] });
  });

  it("can be read at 320 pixels without scrolling sideways", async () => {
    const { page } = await browser.open(reports[name], { width: 320 });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(320);
    // What is wider, tables and charts, scrolls in regions the keyboard reaches.
    const wide = `[...document.querySelectorAll("main *")].filter((e) => e.scrollWidth > e.clientWidth + 1
      && getComputedStyle(e).overflowX === "auto").map((e) => [e.tabIndex, e.getAttribute("role")])`;
    const regions = await page.evaluate<[number, string][]>(wide);
    expect(regions.length).toBeGreaterThan(0);
    for (const region of regions) expect(region).toEqual([0, "region"]);
  });
});

describe("the detection report", () => {
  let page: OpenPage["page"];
  beforeAll(async () => {
    ({ page } = await browser.open(reports.detection));
  });

  it("shows verdict, null hypothesis, both charts and the marked span", async () => {
    for (const words of [
      "Detected",
      "The text is independent of the key",
      "It does not say who queried",
    ])
      expect(await page.getByText(words).first().isVisible()).toBe(true);
    for (const name of [/^Running evidence/, /^Decoy keys/]) {
      const box = await page.getByRole("img", { name }).boundingBox();
      expect(box?.width).toBeGreaterThan(400);
    }
    expect(await page.getByRole("link", { name: "Marked span 1" }).isVisible()).toBe(true);
    expect(await page.getByRole("row", { name: /^1 / }).isVisible()).toBe(true);
  });

  it("has one main part, one heading of the first order, and sections with names", async () => {
    expect(await page.getByRole("main").count()).toBe(1);
    expect(await page.getByRole("heading", { level: 1 }).count()).toBe(1);
    expect(await page.getByRole("navigation", { name: "Contents" }).count()).toBe(1);
    for (const link of await page.getByRole("navigation").getByRole("link").all()) {
      const heading = page.locator(`h2${await link.getAttribute("href")}`);
      expect(await heading.textContent()).toBe(await link.textContent());
    }
  });

  it("is walked token by token with the keyboard, and says what each token showed", async () => {
    const focused = `document.activeElement.matches(".tokens span")`;
    for (let i = 0; i < 30 && !(await page.evaluate(focused)); i++)
      await page.keyboard.press("Tab");
    expect(await page.evaluate(focused)).toBe(true);
    const status = page.getByRole("status");
    await page.keyboard.press("ArrowRight");
    const all = await page.locator(".tokens span").count();
    expect(await status.textContent()).toMatch(
      new RegExp(`^Token 2 of ${all}, “.+”: (green|red|not scored)`),
    );
    await page.keyboard.press("End");
    expect(await status.textContent()).toContain(`Token ${all} of ${all}`);
    // Beyond the end it stays; the text is one stop of the tabulator, and the button goes on from there.
    await page.keyboard.press("ArrowRight");
    expect(await status.textContent()).toContain(`Token ${all} of ${all}`);
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Previous token");
    await page.keyboard.press("Enter");
    expect(await status.textContent()).toContain(`Token ${all - 1} of ${all}`);
    await page.locator(".tokens span").nth(4).click();
    expect(await status.textContent()).toContain(`Token 5 of ${all}`);
  });

  it("tells tokens apart without colours", async () => {
    const style = (state: string): Promise<string> =>
      page.evaluate(`(({ borderBottomStyle, fontStyle }) => borderBottomStyle + " " + fontStyle)(
        getComputedStyle(document.querySelector(".tokens .${state}")))`);
    const styles = await Promise.all(["for", "against", "unscored"].map(style));
    expect(styles).toEqual(["solid normal", "dotted normal", "none italic"]);
  });

  it("prints the whole text, on white, without its buttons", async () => {
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    expect(await page.getByRole("button").count()).toBe(0);
    expect(await page.evaluate(PAPER)).toBe("rgb(255, 255, 255)");
    const cut = `[...document.querySelectorAll(".wide")].some((e) => getComputedStyle(e).overflowX !== "visible")`;
    expect(await page.evaluate(cut)).toBe(false);
  });

  it("is whole without its script, and a script of someone else does not run", async () => {
    const foreign = reports.detection.replace(
      "</main>",
      '<script>document.title = "seized"</script></main>',
    );
    const { page, said } = await browser.open(foreign);
    expect(await page.title()).toBe("Watermark report");
    expect(said.join()).toContain("Content Security Policy");
  });
});

describe("the study report", () => {
  it("has its charts, each with a table that opens by keyboard and says the same", async () => {
    const { page } = await browser.open(reports.study, { width: 390 });
    const charts = page.getByRole("img");
    expect(await charts.count()).toBe(4);
    for (const chart of await charts.all()) {
      // Inside a region that scrolls, it is no narrower than its letters can be read.
      expect((await chart.boundingBox())?.width).toBeGreaterThan(400);
      const marks = chart.locator("path[fill]");
      expect(await marks.count()).toBeGreaterThan(3);
    }
    const kept = page.getByRole("table", { name: /^Share of ε/ });
    expect(await kept.isVisible()).toBe(false);
    await page.getByText("The same as a table").nth(2).focus();
    await page.keyboard.press("Enter");
    expect(await kept.isVisible()).toBe(true);
    expect(await kept.getByRole("row", { name: /^attack = clean-training/ }).count()).toBe(2);
  });
});

describe("the checks", () => {
  it("canary: pale text, a picture without words and a request are seen", async () => {
    const broken = reports.detection
      .replace("default-src 'none'", "default-src 'none'; img-src *")
      .replace(
        "</main>",
        '<p style="color:#ddd;background:#fff">pale</p><img src="missing.png"></main>',
      );
    const { page, asked } = await browser.open(broken);
    const found = (await violations(page, "color-contrast", "image-alt")).join("\n");
    expect(found).toContain("color-contrast: ");
    expect(found).toContain("image-alt: ");
    expect(asked).toHaveLength(1);
  });

  it("canary: a wide line scrolls the page", async () => {
    const wide = reports.detection.replace("</main>", '<p style="width:40rem">wide</p></main>');
    const { page } = await browser.open(wide, { width: 320 });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeGreaterThan(320);
  });
});
