import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { drawingMark, hashOfPicture, imageFolder, isDrawing } from "../../src/guide/drawings.ts";
import { figures } from "../../src/guide/guide.ts";

describe("drawings of Okta's screens", () => {
  const name = "connection-new.png";

  it("are recognised by their bytes, so a screenshot of the same name replaces one", () => {
    const bytes = readFileSync(join(imageFolder, name));
    assert.equal(isDrawing(name, { [name]: hashOfPicture(bytes) }), true);
    assert.equal(isDrawing(name, { [name]: hashOfPicture(Buffer.from("a drawing")) }), false);
    assert.equal(isDrawing(name, {}), false);
    assert.equal(isDrawing("absent.png", { "absent.png": hashOfPicture(bytes) }), false);
  });

  it("are called drawings in their caption, and screenshots are not", () => {
    const { figure } = figures({ names: new Set(["okta-a", "okta-b"]), drawn: new Set(["okta-a"]) });
    assert.ok(figure("okta-a", "What it shows", "Okta: a").text.endsWith(`Okta: a (${drawingMark})*`));
    assert.ok(figure("okta-b", "What it shows", "Okta: b").text.endsWith("Okta: b*"));
  });
});
