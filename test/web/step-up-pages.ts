import { randomToken } from "../../src/store/secrets.ts";
import type { TestDatabase } from "../helpers/databases.ts";
import type { PageCase } from "../helpers/every-page.ts";
import { createLocalAccount } from "../helpers/people.ts";
import { plantSession, type Site } from "../helpers/site.ts";

const hour = 3_600_000;

/** How a person's sign-in came to be too old, and what they did then. */
interface Story {
  connectionId?: string;
  /** What they sent. */
  form?: [action: string, fields: Record<string, string>];
  /** Whether they have signed in again. */
  isRecent?: boolean;
}

/**
 * The page that asks an administrator to sign in again, and the one of a form that waited. Each case has a person of its own,
 * whose clients have the state of its story. Sets the tenant's policy; other sessions are recent.
 */
export async function stepUpPages(
  use: () => TestDatabase,
  { acme, app, clients }: Site,
): Promise<PageCase[]> {
  await acme.store.sessions.changePolicy({ adminFreshMinutes: 60 });
  const { id: connectionId } = await acme.connection();
  const settings = `/admin/connections/${connectionId}/settings`;
  const issuer = "<b>https://acme.okta.example</b> \u202e";
  const oidc = { issuer, clientId: "0oa1", clientSecret: randomToken() };
  const limits = { idle: "1", idleUnit: "hours", absolute: "1", absoluteUnit: "days", fresh: "" };
  const stories: [name: string, story: Story][] = [
    ["the password again", {}],
    ["the identity provider again", { connectionId }],
    ["a new sign-in while a form waits", { form: ["/admin/sessions/limits", limits] }],
    ["a form that waited", { form: ["/admin/sessions/limits", limits], isRecent: true }],
    ["a form that waited without its secret", { form: [settings, oidc], isRecent: true }],
    [
      "a form that was too large to wait",
      { form: [settings, { metadataXml: "x".repeat(70_000) }], isRecent: true },
    ],
  ];

  async function person(index: number, { connectionId, form, isRecent = false }: Story) {
    const user = await createLocalAccount(acme.store, `step-up-${index}@acme.example`, "owner");
    clients.set(user.id, async () => {
      const client = app.client();
      const given = { createdAt: Date.now() - 2 * hour, connectionId: connectionId ?? null };
      client.cookies.set("session", await plantSession(use(), acme.tenant, user, given));
      if (form) await client.post(...form);
      const now = { created_at: Date.now() };
      if (isRecent) await use().database.sql()("sessions").where("user_id", user.id).update(now);
      return client;
    });
    return user;
  }

  const path = "/login/again?returnTo=/admin";
  return await Promise.all(
    stories.map(async ([name, story], index) => ({
      name,
      path,
      status: 200,
      as: await person(index, story),
    })),
  );
}
