import assert from "node:assert/strict";
import { SignJWT } from "jose";
import { showMessages } from "../src/agent/view.ts";
import type { Exchange } from "../src/agent/wire-trace.ts";

const parties = {
  agent: { name: "Task helper", origin: "http://127.0.0.1:3002" },
  org: { name: "Demo org", origin: "http://127.0.0.1:3001" },
  product: { name: "Example", origin: "http://localhost:3000" },
};

function exchange(wanted: Partial<Exchange>): Exchange {
  const base = { method: "POST", headers: [], body: "", answer: null, failure: null };
  return { ...base, url: "http://localhost:3000/mcp", ...wanted };
}

function show(wanted: Partial<Exchange>) {
  const [message] = showMessages([exchange(wanted)], parties);
  assert.ok(message);
  return message;
}

const idJag = await new SignJWT({ sub: "00u1", scope: "tasks.read", act: { sub: "wlp1" }, exp: 0 })
  .setProtectedHeader({ alg: "HS256", typ: "oauth-id-jag+jwt" })
  .sign(new Uint8Array(32));
const secret = "oinagent_a-secret-of-the-agent";

describe("the messages on the agent's page", () => {
  it("show who asks whom, and what a token says", () => {
    const form = new URLSearchParams({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer" });
    form.set("assertion", idJag);
    const body = JSON.stringify({ access_token: "oinat_a-long-access-token", scope: "tasks.read" });
    const shown = show({
      url: "http://localhost:3000/oauth2/token",
      headers: [["authorization", `Basic ${btoa(`client:${secret}`)}`]],
      body: String(form),
      answer: { status: 200, headers: [["set-cookie", "a=b"]], body },
    });
    assert.deepEqual([shown.from.name, shown.to.name], ["Task helper", "Example"]);
    assert.equal(shown.title, "The ID-JAG becomes an access token");
    assert.deepEqual(shown.outcome, { text: "200", isRefused: false });
    const [token] = shown.jwts;
    assert.equal(token?.name, "ID-JAG");
    assert.deepEqual(
      token?.claims.map(({ name, value }) => `${name}: ${value}`),
      [
        "typ: oauth-id-jag+jwt",
        "sub: 00u1",
        "scope: tasks.read",
        'act: {"sub":"wlp1"}',
        "exp: 1970-01-01 00:00:00 UTC",
        "alg: HS256",
      ],
    );
    assert.equal(token?.claims[3]?.meaning, "the agent, as the org knows it");
  });

  it("show no secret, code or token", () => {
    const carried = [
      `http://127.0.0.1:3002/callback?code=${secret}&state=s`,
      `http://localhost:3000/mcp?access_token=${secret}`,
    ];
    const sent = ["client_secret", "code", "code_verifier", "assertion", "subject_token", "client_assertion"];
    const messages = [
      ...carried.map((url) => show({ method: "GET", url })),
      ...sent.map((name) => show({ body: `${name}=${secret}` })),
      ...["access_token", "id_token", "refresh_token"].map((name) =>
        show({ answer: { status: 200, headers: [], body: JSON.stringify({ [name]: secret }) } }),
      ),
      ...["Basic", "Bearer", "DPoP"].map((scheme) =>
        show({ headers: [["authorization", `${scheme} ${secret}`]] }),
      ),
      show({
        headers: [["cookie", secret]],
        answer: { status: 200, headers: [["set-cookie", secret]], body: "" },
      }),
    ];
    for (const message of messages) {
      const text = JSON.stringify(message);
      assert.ok(!text.includes(secret), text);
      assert.ok(!text.includes("secret-of"), text);
    }
  });

  it("cut a JWT, whose claims are below it", () => {
    const shown = show({ body: `assertion=${idJag}` });
    assert.ok(!shown.request.includes(idJag.slice(0, 20)));
    assert.match(shown.request, /assertion=eyJ\w{7}…/);
  });

  it("know a refusal that comes with the status 200", () => {
    const answered = (value: object) => ({ status: 200, headers: [], body: JSON.stringify(value) });
    const call = JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "list_tasks" },
    });
    const outcomes = [{ result: { content: [] } }, { result: { isError: true } }, { error: { code: 1 } }].map(
      (value) => show({ body: call, answer: answered(value) }).outcome?.isRefused,
    );
    assert.deepEqual(outcomes, [false, true, true]);
  });

  it("read the last of several server-sent events", () => {
    const events = ['{"method":"notifications/message"}', '{"result":{"isError":true}}'];
    const body = events.map((data) => `event: message\ndata: ${data}\n\n`).join("");
    assert.equal(show({ answer: { status: 200, headers: [], body } }).outcome?.isRefused, true);
  });
});
