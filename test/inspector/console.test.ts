import assert from "node:assert/strict";
import type { User } from "../../src/model.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase, onOneDatabase } from "../helpers/databases.ts";
import { newMessage } from "../helpers/messages.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { createLocalAccount, createTestTenant } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

const home = "/admin/inspector";
const script = "<script>alert(1)</script>";

describe("the inspector's pages", () => {
  onOneDatabase((use) => {
    const site = useSite(use);
    let store: TenantStore;
    let client: Client;
    let admin: User;

    before(async () => {
      store = site().acme.store;
      admin = await createLocalAccount(store, "admin@acme.example", "admin");
    });
    beforeEach(async () => {
      client = await site().clientOf(admin);
      await store.inspector.recordUntil(0);
      await store.inspector.clear();
    });

    const add = (...messages: Parameters<typeof newMessage>[0][]) =>
      store.inspector.add(
        messages.map((changes) => newMessage(changes)),
        0,
      );
    const lastSeq = async () => (await store.inspector.state()).lastSeq;
    const text = async (path = home) => {
      const page = await client.get(path);
      assert.equal(page.status, 200);
      return page.text;
    };
    const lastActions = async () => (await store.activity.latest(3)).map(({ action }) => action);

    it("explain what recording means, and switch it on for a while and off", async () => {
      assert.match(await text(), /<span class="badge">Off<\/span>[\s\S]*messages about your people are kept/);
      assertRedirect(await client.post(`${home}/recording`, { hours: "24" }), home);
      const { recordingUntil } = await store.inspector.state();
      assert.ok(Math.abs(recordingUntil - Date.now() - 24 * 3_600_000) < 60_000);
      assert.match(await text(), /The inspector is on[\s\S]*<span class="badge done">On until \d/);
      assertRedirect(await client.post(`${home}/recording`, { hours: "0" }), home);
      assert.equal((await store.inspector.state()).recordingUntil, 0);
      assert.ok((await lastActions()).includes("inspector.switched_on"));
      assert.ok((await lastActions()).includes("inspector.switched_off"));
    });

    for (const hours of ["", "2", "-1", "1e9", "NaN", "Infinity"]) {
      it(`do not switch it on for "${hours}" hours`, async () => {
        const answer = await client.post(`${home}/recording`, { hours });
        // An empty field counts as 0: off.
        if (hours === "") assertRedirect(answer, home);
        else assert.equal(answer.status, 400);
        assert.equal((await store.inspector.state()).recordingUntil, 0);
      });
    }

    it("delete all messages on request, and record that in the activity", async () => {
      await add({}, {});
      assertRedirect(await client.post(`${home}/clear`), home);
      assert.match(await text(), /All recorded messages are deleted[\s\S]*Nothing is recorded/);
      assert.ok((await lastActions()).includes("inspector.cleared"));
    });

    it("list flows newest first, thirty per page, with a link to older ones", async () => {
      await add(...Array.from({ length: 40 }, (_, at) => ({ step: `step ${at}` })));
      const first = await text();
      assert.equal(first.match(/<li class="flow /g)?.length, 30);
      assert.ok(first.indexOf("step 39") < first.indexOf("step 38"));
      const older = /href="([^"]+)">Older flows/.exec(first)?.[1] ?? assert.fail();
      const second = await text(older);
      assert.equal(second.match(/<li class="flow /g)?.length, 10);
      assert.ok(second.includes("step 0<") && !second.includes("Older flows"));
    });

    it("show a flow as one row with its outcome, its messages and its person", async () => {
      const flow = { kind: "sign-in", keys: ["state"] } as const;
      const at = Date.UTC(2026, 10, 28, 9, 5, 7);
      const common = { protocol: "oidc", people: [], person: null, flow } as const;
      const bill = { people: ["bill@acme.example"], person: "bill@acme.example" };
      await add(
        { ...common, step: "Authorization request", at, ms: 20 },
        { ...common, step: "Token request", at: at + 700, ms: 100, ...bill },
        { ...common, step: "Sign-in", at: at + 800, ms: 85, ...bill },
      );
      const page = await text();
      assert.match(page, /Saturday, 28 November 2026/);
      assert.match(page, /bill@acme\.example signed in<span class="visually-hidden">: passed/);
      assert.match(page, /3 messages · 885\u00a0ms[\s\S]*>09:05:07<\/time>/);
      assert.match(page, /href="\/admin\/people\?q=bill%40acme\.example">bill@acme\.example</);
      const flowPath = /<a class="flow-open" href="([^"]+)"/.exec(page)?.[1] ?? assert.fail();
      assert.match(await text(flowPath), /<h1>bill@acme\.example signed in<\/h1>/);
    });

    it("group flows by their day, also if an older one continues", async () => {
      const day = 86_400_000;
      const long = { kind: "sign-in", keys: ["around midnight"] } as const;
      const midnight = Math.floor(Date.now() / day) * day;
      await add(
        { flow: long, at: midnight - 60_000 },
        { at: midnight },
        { flow: long, at: midnight + 1_000 },
      );
      const days = (await text()).match(/<section class="stack" id="d[\d-]+">/g) ?? [];
      assert.equal(days.length, 2);
      assert.ok(String(days[0]) > String(days[1]));
    });

    it("name no one for a call about a group", async () => {
      await add({ step: "PATCH /Groups/{id}", people: ["Engineering", "0a0d1d9a"], person: null });
      const page = await text();
      assert.match(page, /A group was looked up/);
      assert.ok(!page.includes("Engineering") && !page.includes("0a0d1d9a"));
    });

    it("filter by person, connection, request, protocol and failure, and keep the filter", async () => {
      await add(
        { step: "mine", people: ["grace@acme.example"], connectionKey: "key-1", requestId: "req-1" },
        { step: "other", protocol: "oidc", verdict: "failed" },
      );
      for (const query of ["person=GRACE", "connection=key-1", "request=req-1", "protocol=scim"]) {
        const page = await text(`${home}?${query}`);
        assert.ok(page.includes(">mine<") && !page.includes(">other<"), query);
        assert.ok(page.includes("Show all"), query);
      }
      assert.ok(!(await text(`${home}?verdict=failed`)).includes(">mine<"));
      assert.match(await text(`${home}?person=GRACE`), /name="person" value="GRACE"/);
      assert.match(await text(`${home}?person=unknown`), /No recorded message matches/);
      // Invalid filters are ignored.
      for (const query of ["protocol=none", "verdict=x", "before=x", "before=-1", "person[]=a", "person="])
        assert.ok((await text(`${home}?${query}`)).length > 0, query);
    });

    it("escape everything in a message", async () => {
      await add({
        step: script,
        summary: script,
        people: [script],
        person: script,
        connectionKey: script,
        requestId: script,
        file: script,
        request: {
          head: [`POST ${script}`, `Name: ${script}`],
          query: { [script]: script },
          json: { [script]: script },
          isRepeatable: true,
        },
        response: {
          head: [script],
          form: { [script]: [script] },
          xml: `<a b="${script}">\n${script}\n</a>`,
          jwts: [{ place: script, header: { [script]: script }, claims: { exp: script } }],
        },
        facts: [{ label: script, value: script }],
        checks: [{ name: script, verdict: "failed", detail: script, group: script, citation: script }],
      });
      const seq = await lastSeq();
      for (const path of [
        home,
        `${home}/flows/${seq}`,
        `${home}/${seq}`,
        `${home}/${seq}?view=sent`,
        `${home}/${seq}?view=headers`,
        `${home}/events`,
        `${home}?person=${encodeURIComponent(script)}`,
      ])
        assert.ok(!(await text(path)).includes(script), path);
    });

    for (const seq of ["0", "-1", "1.5", "x", "99999999999999999999", "9007199254740991"]) {
      it(`answer 404 for message ${seq}`, async () => {
        assert.equal((await client.get(`${home}/${seq}`)).status, 404);
      });
    }

    for (const flow of ["0", "-1", "1.5", "x", "9007199254740991"]) {
      it(`answer 404 for flow ${flow}`, async () => {
        assert.equal((await client.get(`${home}/flows/${flow}`)).status, 404);
      });
    }

    it("answer 404 for a flow of another tenant", async () => {
      const other = await createTestTenant(use().database);
      await other.store.inspector.recordUntil(Date.now() + 60_000);
      await other.store.inspector.add(
        Array.from({ length: 200 }, () => newMessage()),
        0,
      );
      await add({});
      const [flow] = await store.inspector.flows({}, null, 1);
      const own = flow?.id ?? assert.fail();
      assert.equal((await client.get(`${home}/flows/${own}`)).status, 200);
      for (const id of [own - 1, own + 1].filter((one) => one > 0 && one <= 200))
        assert.equal((await client.get(`${home}/flows/${id}`)).status, 404, String(id));
    });

    it("draw a flow with an arrow for each message, and select the one that failed", async () => {
      const flow = { kind: "sign-in", keys: ["a state"] } as const;
      const toOkta = { from: "product", to: "okta", carried: false } as const;
      await add(
        { flow, step: "Authorization request", route: { ...toOkta, carried: true } },
        { flow, step: "Token request", verdict: "failed", summary: "401", route: toOkta },
        { flow, step: "Sign-in", request: null, response: null, route: { ...toOkta, to: "browser" } },
      );
      const [found] = await store.inspector.flows({}, null, 1);
      const page = await text(`${home}/flows/${found?.id}`);
      const arrows = [...page.matchAll(/<li class="(from-[^"]+)">/g)].map(([, classes]) => classes);
      assert.deepEqual(arrows, [
        "from-2 to-3 done carried",
        "from-2 to-3 problem",
        "from-2 to-1 done leftwards",
      ]);
      assert.match(page, /href="[^"]+message=(\d+)" aria-current="true">[\s\S]{0,300}GET Token request/);
      assert.match(page, /<h2 id="message-name">Token request<\/h2>/);
      const first = found?.messages[0]?.seq;
      assert.match(
        await text(`${home}/flows/${found?.id}?message=${first}`),
        /<h2 id="message-name">Authorization request<\/h2>/,
      );
    });

    it("show how many messages were dropped", async () => {
      await store.inspector.recordUntil(Date.now() + 60_000);
      await store.inspector.add([newMessage()], 3);
      assert.match(await text(), /3 messages were not kept/);
    });

    it("stream new messages after the last one seen", async () => {
      await add({ step: "one" }, { step: "two" });
      const last = await lastSeq();
      const before = last - 1;
      const answer = await client.get(`${home}/events?after=${before}`);
      assert.match(answer.headers.get("content-type") ?? "", /^text\/event-stream/);
      assert.match(
        answer.text,
        new RegExp(`^retry: \\d+\\n\\nid: ${last}\\ndata: "<li class=.*two.*"\\n\\n$`),
      );
      const again = await client.send("GET", `${home}/events?after=0`, { "last-event-id": String(last) });
      assert.doesNotMatch(again.text, /id: /);
      assert.doesNotMatch((await client.get(`${home}/events?person=unknown`)).text, /id: /);
    });

    it("show no source code in production", async () => {
      assert.equal((await client.get(`${home}/source?file=src/app.ts`)).status, 404);
      await add({});
      assert.ok(!(await text(`${home}/${await lastSeq()}`)).includes("/source"));
    });
  });
});

describe("a number in the inspector's address", () => {
  onEachDatabase((use) => {
    const site = useSite(use);

    it("that no message has is as good as none", async () => {
      const client = await site().clientOf(site().owner);
      for (const number of ["1.5", "Infinity", "1e300", "-5", "x"])
        for (const query of [`?before=${number}`, `/events?after=${number}`])
          assert.equal((await client.get(`/admin/inspector${query}`)).status, 200, query);
    });
  });
});
