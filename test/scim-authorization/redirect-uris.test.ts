import assert from "node:assert/strict";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import {
  addressOf,
  codeGrant,
  errorIn,
  fieldsOf,
  oktaRedirectUri,
  useOktaSite,
} from "../helpers/okta-connect.ts";
import { plantSession, sessionSecret } from "../helpers/site.ts";

const path = "/admin/app/cpc/product_1/oauth/callback";
const okta = [
  `https://system-admin.okta.com${path}`,
  `https://system-admin.okta-emea.com${path}`,
  `https://system-admin.oktapreview.com${path}`,
  `https://system-admin.trexcloud.com${path}`,
  `http://system-admin.okta1.com:1802${path}`,
];
const nearMisses: Record<string, string> = {
  "the host of test case C21902": `https://ct1-bootstrap.clouditude.com${path}`,
  "user information": `https://system-admin.okta.com@evil.example${path}`,
  "a user name at Okta's host": `https://evil@system-admin.okta.com${path}`,
  "another port": `https://system-admin.okta.com:8443${path}`,
  "the default port": `https://system-admin.okta.com:443${path}`,
  "http at a host with https": `http://system-admin.okta.com${path}`,
  "https at the host with http": `https://system-admin.okta1.com:1802${path}`,
  "another port at the host with http": `http://system-admin.okta1.com:1803${path}`,
  "a subdomain": `https://evil.system-admin.okta.com${path}`,
  "another domain that ends like Okta's": `https://system-admin.okta.com.evil.example${path}`,
  "a host that begins like Okta's": `https://system-admin.oktapreview.community${path}`,
  "the host in capital letters": `https://SYSTEM-ADMIN.okta.com${path}`,
  "the path in capital letters": `https://system-admin.okta.com${path.replace("callback", "Callback")}`,
  "a slash at the end": `https://system-admin.okta.com${path}/`,
  "a path that goes up": "https://system-admin.okta.com/admin/app/cpc/../cpc/product_1/oauth/callback",
  "an app's name that goes up": "https://system-admin.okta.com/admin/app/cpc/../oauth/callback",
  "an app's name with a slash": "https://system-admin.okta.com/admin/app/cpc/a/b/oauth/callback",
  "an app's name that is encoded": "https://system-admin.okta.com/admin/app/cpc/a%2Fb/oauth/callback",
  "an app's name that is encoded twice": "https://system-admin.okta.com/admin/app/cpc/a%252Fb/oauth/callback",
  "an empty name of the app": "https://system-admin.okta.com/admin/app/cpc//oauth/callback",
  "a name of the app that is too long": `https://system-admin.okta.com/admin/app/cpc/${"a".repeat(101)}/oauth/callback`,
  "a query": `https://system-admin.okta.com${path}?next=https://evil.example`,
  "a fragment": `https://system-admin.okta.com${path}#x`,
  "an international name that looks like Okta's": `https://system-admin.оkta.com${path}`,
  "a backslash": `https://evil.example\\@system-admin.okta.com${path}`,
  "a line break at the end": `https://system-admin.okta.com${path}\n`,
  "a space before it": ` https://system-admin.okta.com${path}`,
  "a script": "javascript:alert(1)//system-admin.okta.com/admin/app/cpc/x/oauth/callback",
  "a loopback address": `http://localhost:3010${path}`,
  nothing: "",
};

describe("the redirect URI of the authorization endpoint", () => {
  onOneDatabase((use) => {
    const site = useOktaSite(use);

    for (const uri of okta) {
      it(`may be ${uri}, and the code works with it only`, async () => {
        const { askUrl, browser, token } = site();
        const person = await browser();
        const url = askUrl({ redirect_uri: uri });
        const page = await person.get(url);
        const left = new URL(addressOf(await person.post(url, { ...fieldsOf(page), decision: "allow" })));
        assert.equal(left.origin + left.pathname, uri);
        assert.equal(left.searchParams.get("state"), "okta's state");
        assert.equal(left.searchParams.get("iss"), site().app.url);
        const code = left.searchParams.get("code") ?? "";
        const other = okta.find((one) => one !== uri);
        assert.equal(errorIn(await token({ ...codeGrant(code), redirect_uri: other })), "invalid_grant");
        assert.equal((await token({ ...codeGrant(code), redirect_uri: uri })).status, 200);
      });
    }

    for (const [name, uri] of Object.entries(nearMisses)) {
      it(`may not have ${name}: a page says so, and leads nowhere`, async () => {
        const { askUrl, browser, app } = site();
        for (const person of [app.client(), await browser()]) {
          const page = await person.get(askUrl({ redirect_uri: uri }));
          assert.equal(page.status, 400, page.text);
          assert.equal(page.location, null);
          assert.match(page.text, /This request is not from Okta/);
          assert.doesNotMatch(page.text, /http-equiv="refresh"|evil|clouditude/);
          assert.equal(app.logged.findLast(({ rule }) => rule)?.rule, "authorize-redirect");
        }
        const posted = await (await browser()).post(askUrl({ redirect_uri: uri }), { decision: "cancel" });
        assert.equal(posted.status, 400);
      });
    }

    it("may be a loopback address only where private networks are allowed", async () => {
      const open: TestApp = await startTestApp(use().database, {
        sessionSecret,
        insecureAllowPrivateNetwork: true,
      });
      try {
        const { acme, owner, askUrl } = site();
        const person = open.client();
        person.cookies.set("session", await plantSession(use(), acme.tenant, owner));
        for (const uri of [`http://localhost:3010${path}`, `http://127.0.0.1:3010${path}`, oktaRedirectUri])
          assert.equal((await person.get(askUrl({ redirect_uri: uri }))).status, 200);
        for (const host of [
          "localhost.evil.example",
          "127.0.0.1.evil.example",
          "192.168.0.1",
          "localhost@evil.example",
        ])
          assert.equal((await person.get(askUrl({ redirect_uri: `http://${host}${path}` }))).status, 400);
      } finally {
        await open.close();
      }
    });
  });
});
