import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { brand } from "../../config/brand.ts";
import { agentName } from "../../src/demo/agent.ts";
import { type DemoTenant, demoTenants, loginOf, orgIdOf } from "../../src/demo/tenants.ts";
import { paths } from "../../src/endpoints.ts";
import { landingPath } from "../../src/web/home.ts";
import { Client } from "../helpers/client.ts";
import { Demo } from "../helpers/demo.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { until } from "../helpers/processes.ts";

/** The text of a part of a page, without tags. */
function textOf(html: string): string {
  const named = { "&#34;": '"', "&#39;": "'", "&lt;": "<", "&gt;": ">", "&amp;": "&" };
  const plain = html.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ");
  return Object.entries(named)
    .reduce((text, [from, to]) => text.replaceAll(from, to), plain)
    .trim();
}

/** A person at a browser, who uses the agent and the org. */
class AgentVisitor {
  readonly #agent: Client;
  readonly #org: Client;
  readonly #login: string;

  constructor({ agentUrl, orgUrl }: Demo, login: string) {
    this.#agent = new Client(agentUrl, agentUrl);
    this.#org = new Client(orgUrl, orgUrl);
    this.#login = login;
  }

  /** Signs in to the agent through the org. Returns the agent's answer. */
  async signIn(): Promise<string> {
    await this.#org.post("/login", { username: this.#login });
    let { location: next } = await this.#agent.get("/sign-in");
    const { pathname: callback } = new URL("/callback", "http://agent.example");
    for (let hops = 0; next && hops < 8; hops++) {
      const { pathname, search } = new URL(next, "http://agent.example");
      if (pathname === callback) {
        assert.equal((await this.#agent.get(pathname + search)).status, 303);
        return await this.answer();
      }
      next = (await this.#org.get(pathname + search)).location;
    }
    return assert.fail("the org did not send the browser back");
  }

  async ask(question: "list" | "add" | "give"): Promise<string> {
    assert.equal((await this.#agent.post("/ask", { question })).status, 303);
    return await this.answer();
  }

  async forget(): Promise<void> {
    assertRedirect(await this.#agent.post("/forget"), "/#holds");
  }

  // SAML {
  /** Signs in to the application by SAML: until then, it does not know the person's NameID. */
  async signInBySaml(demo: Demo, { slug }: DemoTenant): Promise<void> {
    await this.#org.post("/login", { username: this.#login });
    const browser = demo.client();
    const { location } = await browser.get(paths.saml(slug).login);
    const { pathname, search } = new URL(location ?? "");
    const { text } = await this.#org.get(pathname + search);
    const inputs = [...text.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name = "", value = ""]) => [
      name,
      value.replaceAll("&#43;", "+"),
    ]);
    const sent = { origin: demo.orgUrl, "sec-fetch-site": "cross-site" };
    const answer = await browser.post(paths.saml(slug).acs, Object.fromEntries(inputs), sent);
    const finish = new URL(answer.location ?? "", demo.url);
    assertRedirect(await browser.get(finish.pathname + finish.search), landingPath);
  }
  // SAML }

  /** The agent's last answer. */
  async answer(): Promise<string> {
    const [, answer = ""] = /id="answer"[^>]*>(.*?)<div class="holds"/s.exec((await this.page()).text) ?? [];
    return textOf(answer);
  }

  async page() {
    return await this.#agent.get("/");
  }

  /** The messages behind the last answer: who to whom, and the title. */
  async messages(): Promise<{ route: string; title: string; text: string }[]> {
    const { text } = await this.page();
    return [...text.matchAll(/<li class="message.*?<\/li>/gs)].map(([message]) => ({
      route: textOf(/<p class="route">(.*?)<\/p>/s.exec(message)?.[1] ?? ""),
      title: textOf(/<h3>(.*?)<\/h3>/s.exec(message)?.[1] ?? ""),
      text: textOf(message),
    }));
  }

  async titles(): Promise<string[]> {
    return (await this.messages()).map(({ title }) => title);
  }
}

/** The org's Admin Console. */
class OrgAdministrator {
  readonly #client: Client;
  readonly #path = `/admin/ai-agents/${orgIdOf("wlp", agentName)}`;

  constructor({ orgUrl }: Demo) {
    this.#client = new Client(orgUrl, orgUrl);
  }

  /** Deletes the agent's connection to a customer's app. Returns a function that adds it again. */
  async disconnect({ name }: DemoTenant): Promise<() => Promise<void>> {
    const page = `${this.#path}/resource-connections`;
    const rows = (await this.#client.get(page)).text.split("<tr>");
    const row = rows.find((one) => one.includes(`(${name})`)) ?? assert.fail(name);
    const appId = /instance\/(0oa\w+)/.exec(row)?.[1] ?? assert.fail(row);
    const clientId = /<code>(agent_[^<]+)</.exec(row)?.[1] ?? assert.fail(row);
    const resources = [...row.matchAll(/<code>(http[^<]+)</g)].map(([, url]) => url).join("\n");
    const remove = /action="([^"]+\/delete)"/.exec(row)?.[1] ?? assert.fail(row);
    await this.#act(remove);
    const wanted = { appId, resources, clientId, allowed: "specific", scopes: "tasks.read tasks.write" };
    return () => this.#act(page, wanted);
  }

  async deactivateAgent(): Promise<void> {
    await this.#act(`${this.#path}/deactivate`);
  }

  async activateAgent(): Promise<void> {
    await this.#act(`${this.#path}/activate`);
  }

  /** "Clear User Sessions", with Universal Logout. */
  async logOut(name: string): Promise<void> {
    await this.#act(`/admin/users/${orgIdOf("00u", name)}/clear-sessions`, { includeApps: "on" });
  }

  async systemLog(): Promise<string> {
    return textOf((await this.#client.get("/admin/reports/system-log")).text);
  }

  async #act(path: string, form: Record<string, string> = {}): Promise<void> {
    const answer = await this.#client.post(path, form);
    assert.equal(answer.status, 303, answer.text);
    assert.doesNotMatch(answer.location ?? "", /problem/);
  }
}

describe("the demo's agent", function () {
  this.timeout(240_000);
  let demo: Demo;
  let administrator: OrgAdministrator;
  before(async () => {
    demo = new Demo();
    await demo.start();
    administrator = new OrgAdministrator(demo);
  });
  after(() => demo.remove());

  for (const tenant of demoTenants) {
    const [star] = tenant.people;
    const first = star.split(" ")[0];

    describe(`for ${tenant.name}, which signs on by ${tenant.protocol.toUpperCase()}`, () => {
      let visitor: AgentVisitor;
      let owner: Client;
      // SAML {
      before(async () => {
        if (tenant.protocol === "saml")
          await new AgentVisitor(demo, loginOf(star, tenant)).signInBySaml(demo, tenant);
      });
      // SAML }
      beforeEach(async () => {
        visitor = new AgentVisitor(demo, loginOf(star, tenant));
        owner = demo.client();
        assertRedirect(
          await owner.signIn(tenant.slug, loginOf(tenant.owner, tenant), demo.password),
          landingPath,
        );
        assert.equal(await visitor.signIn(), `Sign in You are signed in as ${star}.`);
      });

      it("reads the person's tasks, and shows each message", async () => {
        const answer = await visitor.ask("list");
        assert.match(answer, /What is on my list\? You have/);
        const shown = await visitor.messages();
        assert.deepEqual(
          shown.map(({ title }) => title),
          [
            "A first call, without a token",
            "Who protects this data?",
            "How do I get a token?",
            "May I act for this person there?",
            "The ID-JAG becomes an access token",
            "The conversation begins, with the token",
            "The tool “list_tasks”",
          ],
        );
        assert.match(shown[3]?.route ?? "", /^4 Task helper → to Demo org 200$/);
        assert.match(shown[3]?.text ?? "", /Inside the ID-JAG .*aud_tenant \w+ the customer’s tenant/);
        assert.match(shown[4]?.route ?? "", new RegExp(`^5 Task helper → to ${brand.productName} 200$`));
        const issued = new RegExp(`AI agent Task helper got an ID-JAG for ${loginOf(star, tenant)}`);
        assert.match(await administrator.systemLog(), issued);
      });

      it("shows no secret and no whole token", async () => {
        await visitor.ask("list");
        const text = (await visitor.page()).text;
        assert.match(text, /oinagent_|Basic YWdlb/);
        assert.doesNotMatch(text, /oinat_\w{8}|oinagent_\w{4}|eyJ[\w-]{20}/);
      });

      it("adds a task with the token that it has", async () => {
        await visitor.ask("list");
        assert.match(await visitor.ask("add"), /I added it: Invite the press to the opening/);
        assert.ok(!(await visitor.titles()).includes("May I act for this person there?"));
        const tasks = async () => textOf((await owner.get("/tasks")).text); // sample domain
        assert.match(await tasks(), /Invite the press to the opening/); // sample domain
        // sample product {
        const [, second] = tenant.people;
        assert.match(await visitor.ask("give"), new RegExp(`${second} has it now: Invite the press`));
        assert.match(await tasks(), new RegExp(`Invite the press to the opening.*${second}`));
        // sample product }
        const activity = textOf((await owner.get(paths.admin.activity)).text);
        assert.match(activity, new RegExp(agentName));
      });

      it("says what the org answers when its connection is gone, and works again with a new one", async () => {
        await visitor.ask("list");
        const connect = await administrator.disconnect(tenant);
        assert.match(await visitor.ask("list"), /You have/, "the token from before still works");
        await visitor.forget();
        const refused = await visitor.ask("list");
        assert.match(refused, /Your org does not let Task helper/);
        assert.match(refused, /What happened .*“(invalid_target|access_denied): /);
        assert.match(refused, /What to do .*Directory > AI agents > Task helper/);
        assert.equal((await visitor.titles()).at(-1), "May I act for this person there?");
        await connect();
        assert.match(await visitor.ask("list"), /You have/);
      });

      it("says that the org deactivated it", async () => {
        await administrator.deactivateAgent();
        assert.match(await visitor.ask("list"), /Your org has deactivated Task helper/);
        await administrator.activateAgent();
      });

      it("learns of Universal Logout at its next call, and lets the person sign in again", async () => {
        await visitor.ask("list");
        await administrator.logOut(star);
        const refused = await visitor.ask("list");
        assert.match(refused, new RegExp(`Task helper lost its access to ${brand.productName}`));
        assert.match(
          refused,
          new RegExp(`${brand.productName} answered 401: “invalid_token: .*What to do Sign in again`),
        );
        assert.deepEqual(await visitor.titles(), ["The access token is dead"]);
        assert.match((await visitor.page()).text, />The message behind “What is on my list\?”</);
        assert.match((await visitor.page()).text, /Nothing\. It deleted its tokens/);
        await visitor.signIn();
        assert.match(await visitor.ask("list"), /You have/);
      });

      it("leaves its messages in the application's inspector, with the reason of a refusal", async () => {
        await visitor.ask("list");
        await administrator.logOut(star);
        await visitor.ask("list");
        const query = new URLSearchParams({ protocol: "cross-app-access" });
        // The recorder writes a moment after the answer.
        for (const message of ["Token request", "tools/call list_tasks", "401 Unauthorized"])
          await until(
            `the inspector shows ${message}`,
            async () => textOf((await owner.get(`${paths.admin.inspector}?${query}`)).text).includes(message),
            20,
          );
      });

      it(`cannot act for ${first} while the application's administrator blocks it`, async () => {
        await visitor.ask("list");
        const page = (await owner.get(paths.admin.agents)).text;
        const clientId = /agent_[\w-]+/.exec(page)?.[0] ?? assert.fail(page);
        const setBlocked = (action: "block" | "unblock") =>
          owner.post(`${paths.admin.agent(clientId)}/${action}`);
        assert.equal((await setBlocked("block")).status, 303);
        assert.match(await visitor.ask("list"), /Task helper lost its access/);
        await visitor.signIn();
        const refused = await visitor.ask("list");
        assert.match(
          refused,
          new RegExp(`${brand.productName} refuses the permission of your org .*“invalid_grant: `),
        );
        assert.match(
          refused,
          new RegExp(`What to do Ask an administrator of ${brand.productName}.*on your account page`),
        );
        const repeated = (await visitor.messages()).findIndex(({ text }) => /tries once more/.test(text));
        assert.equal((await visitor.titles())[repeated - 1], "The ID-JAG becomes an access token");
        assert.equal((await setBlocked("unblock")).status, 303);
        assert.match(await visitor.ask("list"), /You have/);
      });
    });
  }

  it("does not act without a person, for other sites, or under another name", async () => {
    const stranger = new Client(demo.agentUrl, demo.agentUrl);
    assert.equal((await stranger.post("/ask", { question: "list" })).status, 303);
    assert.match((await stranger.get("/")).text, /Sign in with your org/);
    assert.equal((await stranger.post("/ask", {}, { origin: "https://evil.example" })).status, 403);
    const foreign = await fetch(`http://localhost:${demo.agentPort}/`);
    assert.equal(foreign.status, 421);
    assert.equal((await stranger.get("/callback?code=a&state=b")).location, "/");
  });

  describe("restarted", () => {
    it("keeps its registrations, in a file that only the owner of the demo can read", async () => {
      const file = join(demo.folder, "data/demo-agent.json");
      assert.equal(statSync(file).mode & 0o777, 0o600);
      await demo.stop();
      demo.run([demo.port, demo.orgPort, demo.agentPort]);
      await demo.ready();
      const visitor = new AgentVisitor(demo, "grace@acme.example");
      await visitor.signIn();
      assert.match(await visitor.ask("list"), /You have/);
    });

    it("gets new registrations by a reset, and forgets who was signed in", async () => {
      const visitor = new AgentVisitor(demo, "grace@acme.example");
      await visitor.signIn();
      const reset = await demo.script("admin", "--", "demo", "reset", "--json");
      assert.equal(reset.code, 0, reset.stdout);
      assert.match((await visitor.page()).text, /Sign in with your org/);
      await visitor.signIn();
      assert.match(await visitor.ask("list"), /You have/);
    });
  });
});
