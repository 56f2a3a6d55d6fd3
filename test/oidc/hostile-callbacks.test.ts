import assert from "node:assert/strict";
import type { RefusalReason } from "../../src/errors.ts";
import { landingPath } from "../../src/web/home.ts";
import type { Answer } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { useHostileSite } from "../helpers/hostile-sign-in.ts";

type Change = (query: URLSearchParams) => void;

const notStarted = "sign-in-not-started-here";
const notValid = "provider-answer-not-valid";
const script = "<script>alert(1)</script>";

const failed =
  (error: string, more: Record<string, string> = {}): Change =>
  (query) => {
    query.delete("code");
    for (const [name, value] of Object.entries({ error, ...more })) query.set(name, value);
  };

const queryCases: [name: string, change: Change, reason: RefusalReason][] = [
  ["another state", (query) => query.set("state", "x".repeat(43)), notStarted],
  ["no state", (query) => query.delete("state"), notStarted],
  ["an empty state", (query) => query.set("state", ""), notStarted],
  ["the state twice", (query) => query.append("state", query.get("state") ?? ""), notValid],
  ["two states", (query) => query.append("state", "another"), notValid],
  ["no code", (query) => query.delete("code"), notValid],
  ["an empty code", (query) => query.set("code", ""), notValid],
  ["an unknown code", (query) => query.set("code", "guessed"), notValid],
  ["two codes", (query) => query.append("code", "another"), notValid],
  ["another issuer", (query) => query.set("iss", "https://evil.example"), "issuer-not-expected"],
  ["two issuers", (query) => ["a", "b"].forEach((iss) => void query.append("iss", iss)), notValid],
  ["access_denied", failed("access_denied"), "provider-refused"],
  ["login_required", failed("login_required"), "provider-refused"],
  ["server_error", failed("server_error"), "provider-unavailable"],
  ["temporarily_unavailable", failed("temporarily_unavailable"), "provider-unavailable"],
  ["unauthorized_client", failed("unauthorized_client"), "provider-client-not-allowed"],
  ["invalid_scope", failed("invalid_scope"), "provider-client-not-allowed"],
  ["unsupported_response_type", failed("unsupported_response_type"), "provider-client-not-allowed"],
  ["an unknown error", failed("made_up"), "provider-refused"],
  ["an error that is a script", failed(script, { error_description: script }), "provider-refused"],
  ["an error next to a code", (query) => query.set("error", "access_denied"), "provider-refused"],
  ["nothing at all", (query) => [...query.keys()].forEach((name) => void query.delete(name)), notStarted],
];

onOneDatabase((use) => {
  describe("a hostile callback", () => {
    const site = useHostileSite(use);

    it("is refused while a valid callback signs in", async () => {
      const journey = await site().journey();
      assert.equal((await site().signIn(journey, "00u-control")).status, 303);
      assert.equal((await journey.client.get("/account")).status, 200);
    });

    for (const [name, change, reason] of queryCases) {
      it(`is refused: ${name}`, async () => {
        const journey = await site().journey({ callback: (url) => change(url.searchParams) });
        const page = await site().refuses(reason, () => site().signIn(journey));
        assert.ok(!page.text.includes("alert(1)"));
      });
    }

    it("is refused: a replay in the same browser, once it is signed out", async () => {
      const journey = await site().journey();
      journey.provider.codesLast = true;
      const back = await site().leave(journey, "00u-replay");
      assert.equal((await journey.client.get(back)).status, 303);
      journey.client.cookies.delete("session");
      await site().refuses(notStarted, () => journey.client.get(back));
      assert.equal(journey.provider.asked.token, 1, "its code was redeemed again");
    });

    it("is accepted from only one of two concurrent requests", async () => {
      const journey = await site().journey();
      journey.provider.codesLast = true;
      const back = await site().leave(journey, "00u-twice");
      const statuses = (await Promise.all([journey.client.get(back), journey.client.get(back)])).map(
        ({ status }: Answer) => status,
      );
      assert.deepEqual(statuses.sort(), [303, 403]);
    });

    for (const codesLast of [false, true]) {
      it(`is refused: the code of an earlier sign-in, at a provider whose codes ${codesLast ? "can be reused" : "work once"}`, async () => {
        const journey = await site().journey();
        journey.provider.codesLast = codesLast;
        const first = new URL(await site().leave(journey, `00u-code-${codesLast}`), "http://localhost");
        assert.equal((await journey.client.get(first.pathname + first.search)).status, 303);
        const second = new URL(await site().leave(journey, `00u-code-${codesLast}`), "http://localhost");
        second.searchParams.set("code", first.searchParams.get("code") ?? "");
        await site().refuses(notValid, () => journey.client.get(second.pathname + second.search));
      });
    }

    it("is refused: in another browser, even if that one began a sign-in, too", async () => {
      const journey = await site().journey();
      const back = await site().leave(journey);
      await site().refuses(notStarted, () => site().app.client().get(back));
      const other = { ...journey, client: site().app.client() };
      await site().leave(other);
      await site().refuses(notStarted, () => other.client.get(back));
    });

    for (const owner of ["the same tenant", "another tenant"]) {
      it(`is refused: at another connection of ${owner}`, async () => {
        const journey = await site().journey();
        const tenant = owner === "another tenant" ? await site().anotherTenant() : undefined;
        const other = await site().connect(journey.provider, tenant);
        const back = await site().leave(journey);
        const moved = back.replace(journey.connection.key, other.key);
        await site().refuses(notStarted, () => journey.client.get(moved));
      });
    }

    it("is refused: the code of another org", async () => {
      const journey = await site().journey();
      const other = { ...(await site().journey()), client: journey.client };
      const back = new URL(await site().leave(journey), "http://localhost");
      const code = new URL(await site().leave(other), "http://localhost").searchParams.get("code");
      back.searchParams.set("code", code ?? "");
      await site().refuses(notValid, () => journey.client.get(back.pathname + back.search));
    });

    it("is refused: after ten minutes", async () => {
      const journey = await site().journey();
      const back = await site().leave(journey);
      const rows = use().database.sql()("pending_logins");
      await rows.where({ connection_id: journey.connection.id }).update({ expires_at: Date.now() - 1 });
      await site().refuses(notStarted, () => journey.client.get(back));
    });

    it("is refused: once the connection was switched off during the sign-in", async () => {
      const journey = await site().journey();
      const back = await site().leave(journey);
      await site().acme.store.connections.update(journey.connection.id, { status: "disabled" });
      await site().refuses("connection-not-active", () => journey.client.get(back));
      assert.equal(journey.provider.asked.token, 0, "its code was redeemed");
    });

    for (const iss of ["https://evil.example", ""]) {
      it(`cannot be started by another issuer: "${iss}"`, async () => {
        const { client, connection } = await site().journey();
        const path = `/oidc/${connection.key}/initiate?iss=${encodeURIComponent(iss)}`;
        await site().refuses("issuer-not-expected", () => client.get(path));
      });
    }

    for (const target of ["https://evil.example/x", "//evil.example/", "javascript:alert(1)"]) {
      it(`never leads to ${target}`, async () => {
        const journey = await site().journey();
        for (const [path, name] of [
          [`initiate?iss=${encodeURIComponent(journey.provider.issuer)}&`, "target_link_uri"],
          ["login?", "returnTo"],
        ]) {
          const query = `${path}${name}=${encodeURIComponent(target)}`;
          const left = await journey.client.get(`/oidc/${journey.connection.key}/${query}`);
          const back = journey.provider.authorize(left.location ?? "", "00u-target");
          const landed = await journey.client.get(back.pathname + back.search);
          assert.deepEqual([landed.status, landed.location], [303, landingPath]);
          await site().acme.store.identities.removeOfConnection(journey.connection.id);
          await use().database.sql()("users").where({ email: "00u-target@acme.example" }).delete();
        }
      });
    }
  });
});
