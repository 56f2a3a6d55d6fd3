import assert from "node:assert/strict";
import { browserName } from "../../src/web/user-agents.ts";

const windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
const mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)";
const linux = "Mozilla/5.0 (X11; Linux x86_64)";
const iPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)";
const android = "Mozilla/5.0 (Linux; Android 10; K)";
const chrome = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0";
const webKit = "AppleWebKit/605.1.15 (KHTML, like Gecko)";

/** Headers as browsers send them. */
const known: [name: string, header: string][] = [
  ["Chrome on Linux", `${linux} ${chrome} Safari/537.36`],
  [
    "Chrome on Linux",
    `${linux} AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0.0.0 Safari/537.36`,
  ],
  ["Chrome on Windows", `${windows} ${chrome} Safari/537.36`],
  ["Chrome on macOS", `${mac} ${chrome} Safari/537.36`],
  ["Chrome on Android", `${android} ${chrome} Mobile Safari/537.36`],
  ["Chrome on iPhone", `${iPhone} ${webKit} CriOS/141.0.7390.41 Mobile/15E148 Safari/604.1`],
  ["Chrome on ChromeOS", `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${chrome} Safari/537.36`],
  ["Edge on Windows", `${windows} ${chrome} Safari/537.36 Edg/141.0.0.0`],
  ["Edge on Android", `${android} ${chrome} Mobile Safari/537.36 EdgA/141.0.0.0`],
  ["Opera on macOS", `${mac} ${chrome} Safari/537.36 OPR/121.0.0.0`],
  ["Vivaldi on Linux", `${linux} ${chrome} Safari/537.36 Vivaldi/7.6.3797.63`],
  [
    "Samsung Internet on Android",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
  ],
  ["Firefox on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0"],
  ["Firefox on Linux", "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"],
  ["Firefox on iPhone", `${iPhone} ${webKit} FxiOS/143.0 Mobile/15E148 Safari/605.1.15`],
  ["Safari on macOS", `${mac} ${webKit} Version/18.5 Safari/605.1.15`],
  ["Safari on iPhone", `${iPhone} ${webKit} Version/18.5 Mobile/15E148 Safari/604.1`],
  [
    "Safari on iPad",
    `Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) ${webKit} Version/17.7 Mobile/15E148 Safari/604.1`,
  ],
  ["DuckDuckGo on macOS", `${mac} ${webKit} Version/18.5 Safari/605.1.15 Ddg/18.5`],
  ["Internet Explorer on Windows", "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko"],
  ["A browser on iPhone", `${iPhone} ${webKit} Mobile/15E148`],
  ["curl", "curl/8.5.0"],
];

describe("the name of a browser", () => {
  for (const [name, header] of known) {
    it(`is ${name} for ${header.slice(-60)}`, () => assert.equal(browserName(header), name));
  }

  it("is unknown for headers that say nothing, and for none", () => {
    for (const header of ["", "constructor", "Mozilla/5.0", null, undefined])
      assert.equal(browserName(header), "Unknown browser");
  });
});
