import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { OidcSettings } from "../../src/model.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import type { Deviation } from "../helpers/hostile-provider.ts";
import { useHostileSite } from "../helpers/hostile-sign-in.ts";

type Fields = Record<string, unknown>;

const now = () => Math.floor(Date.now() / 1000);
const hour = 3600;
/** A deviation of the ID token's claims. */
const claims = (change: () => Fields): Deviation => ({ claims: (all) => void Object.assign(all, change()) });

onOneDatabase((use) => {
  describe("the end that an OpenID provider sets for a session", () => {
    const site = useHostileSite(use);

    async function journeyWith(deviation: Deviation, settings: Partial<OidcSettings> = {}) {
      const journey = await site().journey(deviation);
      const { id } = journey.connection;
      const before = journey.connection.settings as OidcSettings;
      await site().acme.store.connections.update(id, { settings: { ...before, ...settings } });
      return journey;
    }

    /** Signs a new person in. Returns the end of their session, in seconds since the epoch; null if there is none. */
    async function endOf(deviation: Deviation, settings: Partial<OidcSettings> = {}): Promise<number | null> {
      const journey = await journeyWith(deviation, settings);
      const answer = await site().signIn(journey, `00u-${randomUUID()}`);
      assert.equal(answer.status, 303, answer.text);
      const { user } = JSON.parse((await journey.client.get("/me")).text);
      const row = await use().database.sql()("sessions").where("user_id", user.id).first();
      return row.ends_at === null ? null : row.ends_at / 1000;
    }

    async function assertRefused(
      reason: Parameters<ReturnType<typeof site>["refuses"]>[0],
      deviation: Deviation,
      settings: Partial<OidcSettings> = {},
    ) {
      const journey = await journeyWith(deviation, settings);
      return await site().refuses(reason, () => site().signIn(journey, `00u-${randomUUID()}`));
    }

    const end = now() + 2 * hour;
    const accepted: [name: string, value: unknown, end: number | null][] = [
      ["seconds", end, end],
      ["a fraction of a second", end + 0.5, end + 0.5],
      ["seconds as a text, as custom claims are at some providers", String(end), end],
      ["the last second of the year 9999", 253_402_300_799, 253_402_300_799],
      ["null", null, null],
    ];
    for (const [name, value, expected] of accepted) {
      it(`is read from session_expiry: ${name}`, async () => {
        assert.equal(await endOf(claims(() => ({ session_expiry: value }))), expected);
      });
    }

    it("does not exist if the provider sends none, and auth_time alone sets none", async () => {
      assert.equal(await endOf({}), null);
      assert.equal(await endOf(claims(() => ({ auth_time: now() - 30 * 24 * hour }))), null);
    });

    it("is read from session_lifetime, in seconds after the sign-in, and the earlier end counts", async () => {
      const lasts = async (change: Fields) => Number(await endOf(claims(() => change))) - now();
      for (const lifetime of [hour, String(hour)])
        assert.ok(Math.abs((await lasts({ session_lifetime: lifetime })) - hour) < 30);
      assert.equal(await endOf(claims(() => ({ session_lifetime: 5 * hour, session_expiry: end }))), end);
      for (const lifetime of [0, -1, "an hour", true, 1e300])
        await assertRefused(
          "provider-answer-not-valid",
          claims(() => ({ session_lifetime: lifetime })),
        );
    });

    it("is not taken from UserInfo, which is not signed", async () => {
      const fromUserInfo = (all: Fields) => void Object.assign(all, { session_expiry: end + 10 * hour });
      assert.equal(await endOf({ ...claims(() => ({ session_expiry: end })), userInfo: fromUserInfo }), end);
      assert.equal(await endOf({ userInfo: fromUserInfo }), null);
    });

    for (const [name, value] of [
      ["a second ago", () => now() - 1],
      ["this second", () => now()],
      ["long ago, as a text", () => "1"],
      ["zero", () => 0],
      ["a negative number", () => -1],
    ] as const) {
      it(`refuses a session that has ended: ${name}`, async () => {
        const page = await assertRefused(
          "provider-session-ended",
          claims(() => ({ session_expiry: value() })),
        );
        assert.match(page.text, /Your session at your identity provider has ended/);
        assert.match(page.text, /Start again/);
      });
    }

    const inMs = (now() + hour) * 1000;
    const noTimes = ["soon", "2026-11-29T12:00:00Z", "", true, [now() + hour], { at: 1 }];
    for (const value of [...noTimes, inMs, String(inMs), inMs * 1000, 253_402_300_800, 1e300]) {
      it(`refuses a session_expiry that is not a time: ${JSON.stringify(value)}`, () =>
        assertRefused(
          "provider-answer-not-valid",
          claims(() => ({ session_expiry: value })),
        ));
    }

    describe("if the connection asks for a recent sign-in", () => {
      const settings = { maxAgeMinutes: 60 };

      it("is auth_time and the maximum age, which the provider is asked for", async () => {
        const signedInAt = now() - 600;
        assert.equal(
          await endOf(
            claims(() => ({ auth_time: signedInAt })),
            settings,
          ),
          signedInAt + hour,
        );
        const { client, connection } = await journeyWith({}, settings);
        const { location } = await client.get(`/oidc/${connection.key}/login`);
        assert.equal(new URL(location ?? "").searchParams.get("max_age"), "3600");
      });

      it("is the earlier of both ends", async () => {
        const facts = (auth_time: number, session_expiry: number) =>
          endOf(
            claims(() => ({ auth_time, session_expiry })),
            settings,
          );
        const signedInAt = now() - 600;
        assert.equal(await facts(signedInAt, signedInAt + 2 * hour), signedInAt + hour);
        assert.equal(await facts(signedInAt, signedInAt + 1800), signedInAt + 1800);
      });

      it("is not later because the provider's clock is ahead", async () => {
        const until = await endOf(
          claims(() => ({ auth_time: now() + 30 })),
          settings,
        );
        assert.ok(until !== null && until <= Date.now() / 1000 + hour, String(until));
      });

      for (const [name, deviation] of [
        ["no auth_time", {}],
        ["an auth_time that is not a time", claims(() => ({ auth_time: null }))],
        ["an auth_time in milliseconds", claims(() => ({ auth_time: now() * 1000 }))],
        ["an auth_time in milliseconds as a text", claims(() => ({ auth_time: String(now() * 1000) }))],
        ["an auth_time an hour ahead", claims(() => ({ auth_time: now() + hour }))],
        ["an auth_time two minutes ahead", claims(() => ({ auth_time: now() + 120 }))],
      ] as const) {
        it(`refuses ${name}`, () => assertRefused("provider-answer-not-valid", deviation, settings));
      }

      for (const [name, age] of [
        ["as old as the maximum", hour],
        ["much older", 30 * 24 * hour],
      ] as const) {
        it(`refuses a sign-in that is ${name}`, async () => {
          const page = await assertRefused(
            "provider-session-ended",
            claims(() => ({ auth_time: now() - age })),
            settings,
          );
          assert.match(page.text, /or you signed in there too long ago/);
        });
      }
    });

    it("asks for no maximum age unless the connection says so", async () => {
      for (const settings of [{}, { maxAgeMinutes: null }]) {
        const { client, connection } = await journeyWith({}, settings);
        const { location } = await client.get(`/oidc/${connection.key}/login`);
        assert.equal(new URL(location ?? "").searchParams.has("max_age"), false);
      }
    });
  });
});
