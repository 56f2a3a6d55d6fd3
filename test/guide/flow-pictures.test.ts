import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { flowPictures } from "../../tools/guide/src/flows.ts";

const folder = "docs/explanation/pictures";
const carried = (svg: string) => svg.match(/stroke-dasharray/g)?.length ?? 0;

describe("the pictures of flows", function () {
  this.timeout(60_000);
  let pictures: Map<string, string>;
  before(async () => {
    pictures = await flowPictures();
  });

  it("are up to date, so each time a flow is recorded it gives the same picture", () => {
    for (const [path, svg] of pictures)
      assert.equal(readFileSync(path, "utf8"), svg, `${path}: run npm run guide`);
    assert.deepEqual(
      readdirSync(folder)
        .map((file) => `${folder}/${file}`)
        .sort(),
      [...pictures.keys()].sort(),
    );
  });

  it("show flows that succeeded, with the messages that a browser carries", () => {
    for (const [path, svg] of pictures) {
      assert.ok(!svg.includes('class="problem"'), path);
      assert.equal(carried(svg), path.includes("sign-in") ? 2 : 0, path);
    }
  });

  it("are in the explanation of their protocol", () => {
    const pages = readdirSync("docs/explanation").filter((file) => file.endsWith(".md"));
    const text = pages.map((file) => readFileSync(`docs/explanation/${file}`, "utf8")).join("\n");
    for (const path of pictures.keys())
      assert.ok(text.includes(`](pictures/${path.split("/").at(-1)})`), path);
  });
});
