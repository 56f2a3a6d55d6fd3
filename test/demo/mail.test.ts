import assert from "node:assert/strict";
import { catchesMail } from "../../src/demo/environment.ts";

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
});
