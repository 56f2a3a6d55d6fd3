import type { Page } from "playwright-core";

/** A rectangle of a page, in CSS pixels. */
export interface Clip {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** 4.6:1 on white, and used by neither the product nor the stand-in. */
const colour = "#d9480f";
const noteHeight = 30;

/** The styles of what is drawn over a page. They are set on elements, because the page's policy refuses style sheets. */
const drawn = {
  ring: `border: 3px solid ${colour}; border-radius: 10px;`,
  number:
    `width: 24px; height: 24px; border-radius: 12px; background: ${colour}; color: #fff; ` +
    "font: 700 14px/24px system-ui, sans-serif; text-align: center;",
  note: "padding: 0 14px; background: #fff4d6; color: #5c3c00; font: 600 14px/30px system-ui, sans-serif;",
};

/** Draws a ring around each element, and numbers in their order if there are several. Throws if one is not there. */
export async function markAll(page: Page, selectors: readonly string[]): Promise<void> {
  for (const [index, selector] of selectors.entries()) {
    const box = await page.locator(selector).first().boundingBox();
    if (!box) throw new Error(`${page.url()} has no ${selector} to mark`);
    const ring = { x: box.x - 6, y: box.y - 6, width: box.width + 12, height: box.height + 12 };
    await draw(page, ring, drawn.ring, "");
    if (selectors.length < 2) continue;
    const corner = { x: ring.x + ring.width - 22, y: ring.y - 12, width: 24, height: 24 };
    await draw(page, corner, drawn.number, String(index + 1));
  }
}

/** Writes a sentence below a part of the page. Returns the part together with it. */
export async function writeNote(page: Page, text: string, part: Clip): Promise<Clip> {
  await draw(page, { ...part, y: part.y + part.height, height: noteHeight }, drawn.note, text);
  return { ...part, height: part.height + noteHeight };
}

async function draw(page: Page, { x, y, width, height }: Clip, style: string, text: string): Promise<void> {
  const place = `position: absolute; inset: ${y}px auto auto ${x}px; width: ${width}px; height: ${height}px;`;
  const bare =
    "margin: 0; padding: 0; border: 0; background: none; overflow: visible; box-sizing: border-box;";
  // A popover is in the top layer, like a dialog that it may have to cover.
  await page.evaluate(`(() => {
    const element = document.createElement("div");
    element.popover = "manual";
    element.style.cssText = ${JSON.stringify(`${bare} ${place} ${style}`)};
    element.textContent = ${JSON.stringify(text)};
    document.body.append(element);
    element.showPopover();
  })()`);
}
