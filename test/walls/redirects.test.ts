import assert from "node:assert/strict";
import { localPath, safePath } from "../../src/web/request.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { seeded } from "../helpers/malformed-words.ts";
import { testPassword } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

/** Addresses of which a browser, or a careless check, makes another host. */
const elsewhere = [
  ...[
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
  ],
  ...[
    "/\t/evil.example",
    "\t//evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "//evil.example\t",
    "\u0001//evil.example",
  ],
  ...[
    "/.//evil.example",
    "/..//evil.example",
    "/a/..//evil.example",
    "/%2e//evil.example",
    "/.\\/evil.example",
    "/./\\evil.example",
  ],
  ...[
    "https://evil.example",
    "https:evil.example",
    "https:/evil.example",
    "http:\\\\evil.example",
    "HTTPS://EVIL.example",
  ],
  ...[
    "//localhost@evil.example",
    "//evil.example#@localhost",
    "https://localhost@evil.example/",
    "//localhost:80@evil.example",
  ],
  ...[
    "//evil\u3002example",
    "//evil%E3%80%82example",
    "/\u2044evil.example/..//evil.example",
    "//\u24d4vil.example",
  ],
  ...[
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "\tjavascript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "blob:x",
  ],
  ...[
    "//[::1]",
    "//2130706433",
    "//0x7f.1",
    "http://[",
    "//",
    "///",
    `//${"x".repeat(3_000)}`,
    `/${"x".repeat(3_000)}`,
  ],
];

const pieces = [
  ...["/", "/", "\\", "\t", "\n", "\r", ".", "..", "%2f", "%5c", "%2e", "%09", "@", ":", "?", "#", ";", "//"],
  ...[
    "evil.example",
    "localhost",
    "http:",
    "https:",
    "javascript:",
    "account",
    "\uff0f",
    "\u3002",
    "\u2215",
    " ",
    "\u00a0",
  ],
];

describe("the page to which a parameter leads", () => {
  it("is on this site for 20,000 compositions of what makes an address", () => {
    for (const baseUrl of ["https://product.example", "http://localhost:3000"]) {
      const random = seeded(24);
      const pick = () => pieces[Math.floor(random() * pieces.length)] ?? "";
      for (let count = 0; count < 10_000; count++) {
        const wanted =
          (random() < 0.7 ? "/" : "") + Array.from({ length: 1 + Math.floor(random() * 6) }, pick).join("");
        for (const path of [safePath(wanted, baseUrl, "/home"), localPath(wanted, baseUrl) ?? "/home"]) {
          assert.match(path, /^\/(?![/\\])/, JSON.stringify(wanted));
          assert.doesNotMatch(path.replace(/\?.*/s, ""), /[\t\r\n\\]/, JSON.stringify(wanted));
          assert.equal(new URL(path, baseUrl).origin, baseUrl, JSON.stringify(wanted));
        }
      }
    }
  });

  onOneDatabase((use) => {
    const site = useSite(use, { forwardAuthAudiences: ["notes"] });

    it("is on this site, whichever of them names it", async () => {
      const { app, acme, owner } = site();
      const form = `/login/password/${acme.tenant.slug}`;
      const client = await site().clientOf(owner);
      /** By what each parameter is sent. */
      const parameters: Record<string, (wanted: string) => Promise<string | null>> = {
        "the sign-in page": async (wanted) =>
          (await client.get(`/login?${new URLSearchParams({ returnTo: wanted })}`)).location,
        "signing in again": async (wanted) =>
          (await client.get(`/login/again?${new URLSearchParams({ returnTo: wanted })}`)).location,
        "the password form": async (wanted) => {
          const sent = { loginName: owner.loginName, password: testPassword, returnTo: wanted };
          return (await app.client().post(form, sent)).location;
        },
        "the question for the organisation": async (wanted) =>
          (await app.client().post("/login/password", { tenant: "acme", returnTo: wanted })).location,
        "forgetting the organisation": async (wanted) =>
          (await app.client().post("/login/forget", { returnTo: wanted })).location,
      };
      for (const [name, locationFor] of Object.entries(parameters)) {
        for (const wanted of elsewhere) {
          const location = await locationFor(wanted);
          assert.ok(location !== null, `${name}: ${JSON.stringify(wanted)}`);
          // As a browser reads it, before it removes what it ignores.
          assert.equal(new URL(location, app.url).origin, app.url, `${name}: ${JSON.stringify(wanted)}`);
          assert.match(location, /^\/(?![/\\])/, `${name}: ${JSON.stringify(wanted)}`);
        }
      }
    });

    it("is written into no page as an address of its own", async () => {
      for (const wanted of elsewhere) {
        const query = new URLSearchParams({ returnTo: wanted });
        for (const path of ["/login", "/login/password", `/login/password/${site().acme.tenant.slug}`]) {
          const { text } = await site().app.client().get(`${path}?${query}`);
          const links = [...text.matchAll(/(?:href|action|content)="([^"]*)"/g)].map(([, one = ""]) => one);
          for (const link of links)
            assert.doesNotMatch(link, /^(\d+;\s*url=)?(\/\/|\/\\|\s*(java|vb)script:|data:)/i, path);
        }
      }
    });
  });
});
