import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { type TokenAnswer, useAgentSite } from "../helpers/id-jag.ts";

describe("an access token for an ID-JAG", () => {
  onEachDatabase((use) => {
    const site = useAgentSite(use);

    it("is issued, short, with its scopes and without a refresh token", async () => {
      const { send, idJag } = site();
      const answer = await send(await idJag());
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.headers.get("cache-control"), "no-store");
      const { access_token, ...rest } = JSON.parse(answer.text) as TokenAnswer;
      assert.match(access_token, /^oinat_[\w-]{43}$/);
      assert.deepEqual(rest, { token_type: "Bearer", expires_in: 1800, scope: "tasks.read tasks.write" });
    });
  });
});
