import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import ejs from "ejs";
import { catchesMail } from "../../src/demo/environment.ts";
import { demoPaths } from "../../src/demo/tenants.ts";

describe("the demo's page of caught mail", () => {
  const cases: [string, Record<string, string>, boolean][] = [
    ["exists on this machine", { BASE_URL: "http://localhost:3000" }, true],
    [
      "does not exist at a public address, where its links would sign visitors in",
      { BASE_URL: "https://demo.example" },
      false,
    ],
    [
      "leaves mail to a server of your own",
      { BASE_URL: "http://localhost:3000", SMTP_URL: "smtp://x" },
      false,
    ],
    ["leaves it to one in a file", { BASE_URL: "http://localhost:3000", SMTP_URL_FILE: "/run/smtp" }, false],
  ];
  for (const [what, environment, wanted] of cases)
    it(what, () => assert.equal(catchesMail(environment), wanted));

  it("has the way back to the story, which the story itself does not need", () => {
    const back = { href: "/demo/acme/invite", place: "Step 3" };
    const demo = {
      wayBack: () => back,
      paths: demoPaths,
      mailPage: demoPaths.mail,
      orgUrl: null,
      readsAs: null,
    };
    const filename = "views/demo/banner.ejs";
    const bannerOn = (path: string) =>
      ejs.render(readFileSync(filename, "utf8"), { demo, path, asset: String }, { filename, escape: String });
    assert.match(bannerOn(demoPaths.mail), /<a class="way-back" href="\/demo\/acme\/invite">/);
    assert.doesNotMatch(bannerOn(demoPaths.stepOf("acme", "invite")), /way-back/);
  });
});
