import assert from "node:assert/strict";
import { describeFlow } from "../../src/inspector/flow.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { codeGrant, tokensIn, useOktaSite } from "../helpers/okta-connect.ts";
import { recorded, startRecording } from "../helpers/recorded.ts";

describe("the inspector's messages of OAuth 2.0 for SCIM", () => {
  onOneDatabase((use) => {
    const site = useOktaSite(use);

    it("are one flow, from the owner's decision to the tokens, without a secret", async () => {
      const { acme, allow, browser, token, refresh } = site();
      await startRecording(acme.store);
      const code = (await allow(await browser())).get("code") ?? "";
      const tokens = tokensIn(await token(codeGrant(code)));
      await refresh(tokens.refresh_token);
      const messages = (await recorded(acme.store, 3)).toSorted((a, b) => a.seq - b.seq);
      assert.deepEqual(
        messages.map(({ step, summary, file }) => [step, summary, file]),
        [
          ["Consent (given)", "200 OK", "src/scim-authorization/consent.ts"],
          ["Token request (code)", "200 OK", "src/scim-authorization/grants.ts"],
          ["Token request (refresh token)", "200 OK", "src/scim-authorization/grants.ts"],
        ],
      );
      const text = JSON.stringify(messages);
      for (const secret of [code, tokens.access_token, tokens.refresh_token, site().client.secret])
        assert.ok(!text.includes(secret));
      const [first] = messages;
      assert.ok(messages.every(({ flow }) => flow === first?.flow));
      assert.ok(first && messages.every(({ flowKind }) => flowKind === "authorization"));
      const shown = describeFlow({ id: first.flow, messages });
      assert.equal(shown.title, "Okta renewed its access to provision");
    });

    it("name the rule that refused, and those that passed before", async () => {
      const { acme, token, allow, browser } = site();
      const code = (await allow(await browser())).get("code") ?? "";
      await token({ ...codeGrant(code), redirect_uri: undefined });
      const all = await recorded(acme.store, 2);
      const refused = all.find(({ verdict }) => verdict === "failed") ?? assert.fail();
      const failed = refused.checks.find(({ verdict }) => verdict === "failed");
      assert.deepEqual([failed?.name, failed?.group], ["The redirect URI is that of the code", "Code"]);
      assert.ok(refused.checks.some(({ group, verdict }) => group === "Client" && verdict === "passed"));
    });

    it("are not of a tenant if the code is made up", async () => {
      const { acme, token, allow, browser } = site();
      await token(codeGrant("made up"));
      await allow(await browser());
      assert.deepEqual(
        (await recorded(acme.store, 1)).map(({ step }) => step),
        ["Consent (given)"],
      );
    });
  });
});
