import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Rule } from "policy-list/policy";
import * as endpoint from "../../src/oauth/policy.ts";
import { revocationRules } from "../../src/oauth/revocation.ts";
import * as policy from "../../src/scim-authorization/policy.ts";
import type { Answer } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { jwtBearer, registerAgent } from "../helpers/id-jag.ts";
import {
  codeGrant,
  errorIn,
  type OktaSite,
  oktaRedirectUri,
  type Parameters,
  useOktaSite,
} from "../helpers/okta-connect.ts";
import { createLocalAccount } from "../helpers/people.ts";

/** The lists that the token endpoint applies to a provisioning client. */
const lists: Rule<never>[][] = [
  policy.codeRules,
  policy.refreshRules,
  endpoint.clientGrantRules,
  revocationRules,
] as never;
const rules = lists.flat();

interface Hostile {
  name: string;
  rule: string;
  /** The outcome if the rule is gone: "nothing" refuses it then, the next rule does, or a later step fails. */
  otherwise: string;
  send(site: OktaSite, change: Change): Promise<Answer>;
}

/** Changes rows, as time and administrators do. */
type Change = (table: string, columns: Record<string, unknown>) => Promise<void>;

const newCode = async (site: OktaSite, more: Parameters = {}, user = site.owner) =>
  (await site.allow(await site.browser(user), more)).get("code") ?? assert.fail("no code");
const verifier = "v".repeat(43);
const challenge = createHash("sha256").update(verifier).digest("base64url");
const pkce = { code_challenge: challenge, code_challenge_method: "S256" };
const otherUri = oktaRedirectUri.replace("product_1", "product_2");
const refreshing = (token: string | undefined, more: Parameters = {}) => ({
  grant_type: "refresh_token",
  refresh_token: token,
  ...more,
});
/** An owner who allowed a code, and is changed before Okta redeems it. */
const asOwner = async (site: OktaSite, change: (id: string) => Promise<unknown>) => {
  const { store } = site.acme;
  const user = await createLocalAccount(store, `${crypto.randomUUID()}@acme.example`, "owner");
  const code = await newCode(site, {}, user);
  await change(user.id);
  return await site.token(codeGrant(code));
};

const corpus: readonly Hostile[] = [
  {
    name: "no code",
    rule: "code-given",
    otherwise: "code-known",
    send: (site) => site.token({ ...codeGrant(""), code: undefined }),
  },
  {
    name: "a made-up code",
    rule: "code-known",
    otherwise: "code-client",
    send: (site) => site.token(codeGrant("x")),
  },
  {
    name: "a code of another client",
    rule: "code-client",
    otherwise: "nothing",
    async send(site, change) {
      const code = await newCode(site);
      const agent = await registerAgent({ database: site.database });
      await change("provisioning_codes", { client_id: agent.clientId });
      return await site.token(codeGrant(code));
    },
  },
  {
    name: "a code for the second time",
    rule: "code-unused",
    otherwise: "nothing",
    async send(site) {
      const code = await newCode(site);
      assert.equal((await site.token(codeGrant(code))).status, 200);
      return await site.token(codeGrant(code));
    },
  },
  {
    name: "a code that is older than a minute",
    rule: "code-expiry",
    otherwise: "nothing",
    async send(site, change) {
      const code = await newCode(site);
      await change("provisioning_codes", { expires_at: Date.now() - 1 });
      return await site.token(codeGrant(code));
    },
  },
  ...[undefined, otherUri].map((uri) => ({
    name: uri ? "another redirect URI of Okta's" : "no redirect URI",
    rule: "code-redirect",
    otherwise: "nothing",
    send: async (site: OktaSite) =>
      await site.token({ ...codeGrant(await newCode(site)), redirect_uri: uri }),
  })),
  ...[undefined, "w".repeat(43), challenge].map((given) => ({
    name: given === undefined ? "no verifier" : `the verifier ${given.slice(0, 4)}…`,
    rule: "code-verifier",
    otherwise: "nothing",
    send: async (site: OktaSite) =>
      await site.token({ ...codeGrant(await newCode(site, pkce)), code_verifier: given }),
  })),
  {
    name: "a verifier without a challenge",
    rule: "code-verifier",
    otherwise: "nothing",
    send: async (site) => await site.token({ ...codeGrant(await newCode(site)), code_verifier: verifier }),
  },
  {
    name: "a code of a person who is no longer an owner",
    rule: "code-owner",
    otherwise: "nothing",
    send: (site) => asOwner(site, (id) => site.acme.store.roles.revoke(id, "owner")),
  },
  {
    name: "a code of a person whose access was revoked",
    rule: "code-owner",
    otherwise: "nothing",
    send: (site) => asOwner(site, (id) => site.acme.store.users.advanceAccessEpoch(id)),
  },
  {
    name: "a code of a person who is blocked",
    rule: "code-owner",
    otherwise: "nothing",
    send: (site) => asOwner(site, (id) => site.acme.store.users.update(id, { blocked: true })),
  },
  {
    name: "a code of a person who is deactivated",
    rule: "code-owner",
    otherwise: "nothing",
    send: (site) => asOwner(site, (id) => site.acme.store.users.update(id, { active: false })),
  },
  {
    name: "no refresh token",
    rule: "refresh-given",
    otherwise: "refresh-known",
    send: (site) => site.token(refreshing(undefined)),
  },
  ...["x", `oinscimr_${"a".repeat(43)}.${"b".repeat(43)}`].map((token) => ({
    name: `the refresh token ${token.slice(0, 9)}`,
    rule: "refresh-known",
    otherwise: "refresh-client",
    send: (site: OktaSite) => site.token(refreshing(token)),
  })),
  {
    name: "an access token as a refresh token",
    rule: "refresh-known",
    otherwise: "refresh-client",
    send: async (site) => await site.token(refreshing((await site.connect()).access_token)),
  },
  {
    name: "a refresh token of another client",
    rule: "refresh-client",
    otherwise: "nothing",
    async send(site, change) {
      const tokens = await site.connect();
      const agent = await registerAgent({ database: site.database });
      await change("provisioning_grants", { client_id: agent.clientId });
      return await site.refresh(tokens.refresh_token);
    },
  },
  {
    name: "a refresh token of a revoked grant",
    rule: "refresh-alive",
    otherwise: "nothing",
    async send(site) {
      const tokens = await site.connect();
      for (const { id } of await site.acme.store.provisioningGrants.list())
        await site.acme.store.provisioningGrants.end(id, "revoked");
      return await site.refresh(tokens.refresh_token);
    },
  },
  {
    name: "a former refresh token after its successor was used",
    rule: "refresh-current",
    otherwise: "nothing",
    async send(site) {
      const { refresh_token: first } = await site.connect();
      const second = JSON.parse((await site.refresh(first)).text).refresh_token;
      assert.equal((await site.refresh(second)).status, 200);
      return await site.refresh(first);
    },
  },
  {
    name: "a former refresh token more than a minute later",
    rule: "refresh-current",
    otherwise: "nothing",
    async send(site, change) {
      const { refresh_token: first } = await site.connect();
      assert.equal((await site.refresh(first)).status, 200);
      await change("provisioning_grants", { refreshed_at: Date.now() - 60_000 });
      return await site.refresh(first);
    },
  },
  {
    name: "a refresh token that was made up for a grant",
    rule: "refresh-current",
    otherwise: "nothing",
    send: async (site) => await site.refresh(`${(await site.connect()).refresh_token.slice(0, -3)}abc`),
  },
  {
    name: "a refresh token that no one used for 180 days",
    rule: "refresh-expiry",
    otherwise: "nothing",
    async send(site, change) {
      const tokens = await site.connect();
      await change("provisioning_grants", { refresh_expires_at: Date.now() - 1 });
      return await site.refresh(tokens.refresh_token);
    },
  },
  {
    name: "another scope",
    rule: "refresh-scope",
    otherwise: "nothing",
    send: async (site) =>
      await site.token(refreshing((await site.connect()).refresh_token, { scope: "scim tasks.read" })),
  },
  {
    name: "an ID-JAG of the provisioning client",
    rule: "client-grant",
    otherwise: "assertion-given",
    send: (site) => site.token({ grant_type: jwtBearer }),
  },
  {
    name: "a code that an agent presents",
    rule: "client-grant",
    otherwise: "code-client",
    async send(site) {
      const agent = await registerAgent({ database: site.database });
      const form = { client_id: agent.clientId, client_secret: agent.secret };
      return await site.token({ ...codeGrant(await newCode(site)), ...form });
    },
  },
  {
    name: "a revocation by an agent",
    rule: "revocation-type",
    otherwise: "nothing",
    async send(site) {
      const agent = await registerAgent({ database: site.database });
      const form = { client_id: agent.clientId, client_secret: agent.secret, token: "x" };
      return await site.app.client().send("POST", "/oauth2/revoke", {}, new URLSearchParams(form));
    },
  },
  {
    name: "a revocation of nothing",
    rule: "revocation-token",
    otherwise: "nothing",
    async send({ app, client }) {
      const form = { client_id: client.clientId, client_secret: client.secret };
      return await app.client().send("POST", "/oauth2/revoke", {}, new URLSearchParams(form));
    },
  },
];

describe("hostile requests of a provisioning client", () => {
  onEachDatabase((use) => {
    const site = useOktaSite(use);
    const change: Change = async (table, columns) => {
      await use().database.sql()(table).update(columns);
    };
    beforeEach(async () => {
      await use().database.sql()("rate_limits").where("key", "like", "token-%").delete();
    });
    const refusedBy = () =>
      site().app.logged.findLast(({ event }) => /\.(refused|issued)$|^request\.failed$/.test(String(event)));

    it("are a corpus that breaks every rule", () => {
      const broken = new Set(corpus.map(({ rule }) => rule));
      assert.deepEqual([...broken].sort(), rules.map(({ id }) => id).sort());
    });

    for (const { name, rule, otherwise, send } of corpus) {
      it(`${name}: ${rule} refuses it, and without that rule ${otherwise} does`, async () => {
        const given = site();
        const answer = await send(given, change);
        assert.equal(refusedBy()?.rule, rule, answer.text);
        assert.equal(answer.status, 400);
        assert.equal(errorIn(answer), rules.find(({ id }) => id === rule)?.reason);
        assert.equal(answer.headers.get("cache-control"), "no-store");
        const open = await without(rule, () => send(given, change));
        assert.equal(open.status === 200 ? "nothing" : refusedBy()?.rule, otherwise, open.text);
      });
    }

    for (const [name, form] of [
      ["a wrong secret", { client_secret: "oinclient_wrong" }],
      ["another client ID", { client_id: "scim_unknown" }],
      ["no secret", { client_secret: undefined }],
    ] as const) {
      it(`${name}: the client is not authenticated`, async () => {
        const answer = await site().token({ ...codeGrant("x"), ...form });
        assert.deepEqual([answer.status, errorIn(answer)], [401, "invalid_client"]);
        assert.match(answer.headers.get("www-authenticate") ?? "", /^Basic/);
      });
    }

    it("leave neither codes nor tokens nor secrets in the log", async () => {
      const { client, app } = site();
      const text = JSON.stringify(app.logged);
      assert.match(text, /scim_authorization\.issued/);
      assert.doesNotMatch(text, /oinscimr?_[\w-]{20}|oinclient_[\w-]{20}/);
      assert.ok(!text.includes(client.secret));
    });
  });
});

/** Runs `work` while a rule is out of every list. */
async function without<T>(ruleId: string, work: () => Promise<T>): Promise<T> {
  const had = lists.map((list) => [...list]);
  for (const list of lists) list.splice(0, Infinity, ...list.filter(({ id }) => id !== ruleId));
  try {
    return await work();
  } finally {
    for (const [index, list] of lists.entries()) list.splice(0, Infinity, ...(had[index] ?? []));
  }
}
