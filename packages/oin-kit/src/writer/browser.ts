import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const places = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** Starts Chromium without a window. Returns null if none is found. @param path of a Chromium elsewhere. */
export async function openBrowser(path: string | undefined): Promise<Browser | null> {
  const executablePath = path ?? places.find((place) => existsSync(place));
  if (!executablePath || !existsSync(executablePath)) return null;
  return await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}
