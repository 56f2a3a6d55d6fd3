import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { PageCase } from "./every-page.ts";

/** Runs in the page, which has other types than Node. */
const sendForm = `([action, fields]) => {
  const form = Object.assign(document.createElement("form"), { method: "post", action });
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  document.body.append(form);
  form.submit();
}`;

/** Opens a page. A page that answers a form is opened by submitting that form, and stays even if it would lead elsewhere. */
export async function visit(page: Page, origin: string, { path, form, status }: PageCase): Promise<void> {
  // Of an earlier form: with a route, the browser asks for every file again.
  await page.unrouteAll();
  if (!form) {
    assert.equal((await page.goto(origin + path))?.status(), status, path);
    return;
  }
  // A navigation that is answered with 204 does not leave the page.
  await page.route(
    (url) => url.origin !== origin,
    (route) => route.fulfill({ status: 204 }),
  );
  await page.goto(`${origin}/signed-out`);
  const answered = page.waitForResponse((response) => response.request().method() === "POST");
  const loaded = page.waitForEvent("load");
  await page.evaluate(`(${sendForm})(${JSON.stringify([path, form])})`);
  assert.equal((await answered).status(), status, path);
  await loaded;
}
