import { randomUUID } from "node:crypto";
import { deletePerson } from "../../src/directory/administration.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { createToken } from "../../src/directory/provisioning-tokens.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import type { TestDatabase } from "../helpers/databases.ts";
import type { PageCase } from "../helpers/every-page.ts";
import { identityOf, provisioned } from "../helpers/people.ts";
import { plantSession, type Site } from "../helpers/site.ts";

/** Creates people of every kind, with everything that a page can show about them. */
async function populate(use: () => TestDatabase, { acme }: Site) {
  const { store, writer } = acme;
  const connection = await acme.connection();
  const names = {
    givenName: "Ada",
    familyName: "Lovelace",
    displayName: "Ada Lovelace",
    email: "ada@acme.example",
  };
  const ada = await provisionUser(
    store,
    writer,
    provisioned("ada@acme.example", { ...names, sourceKey: "00u1" }),
  );
  await signIn(store, identityOf(connection, ada.loginName, { roles: ["admin"] }), randomUUID());
  await store.roles.replace(ada.id, "scim", null, ["admin"]);
  const group = {
    id: randomUUID(),
    displayName: "Administrators",
    sourceId: writer.source.id,
    sourceKey: "00g1",
  };
  await store.groups.create(group);
  await store.groupMembers.add(group.id, [ada.id]);
  await store.roles.mapGroup(group.id, "admin");
  const empty = { ...group, id: randomUUID(), displayName: "Nothing", sourceKey: null };
  await store.groups.create(empty);
  const guest = (await signIn(store, identityOf(connection, "guest@acme.example"))).user;
  const gone = (await signIn(store, identityOf(connection, "gone@acme.example"))).user;
  await deletePerson(store, { userId: ada.id }, gone.id, true);
  const blocked = await provisionUser(store, writer, provisioned("blocked@acme.example", { active: false }));
  await store.users.update(blocked.id, { blocked: true });
  await plantSession(use(), acme.tenant, ada, { data: { userAgent: "A browser" } });
  const { id: tokenId } = await createToken(store, "Okta EU", 7);
  await store.tokens.revoke((await createToken(store)).id);
  await store.tokens.recordUse(tokenId);
  const problem = { sourceId: writer.source.id, call: "POST /Users", requestId: randomUUID() };
  for (const kind of ["uniqueness", "unknown-kind"])
    await store.provisioningProblems.record({ ...problem, kind, status: 409, detail: "It is taken." });
  const olga = await provisionUser(
    store,
    writer,
    provisioned("olga@acme.example", { sourceKey: "00u-olga" }),
  );
  await store.roles.grant(olga.id, "owner");
  const { id: draft } = await acme.connection({ draft: true });
  const settings = { passwordSync: true, sourceConflict: "adopt", machineAccessConfirmed: false } as const;
  await store.settings.change(settings);
  return { ada, guest, blocked, olga, draft, group, empty };
}

/** The pages of provisioning, people, groups and activity (see pages.ts). */
export async function directoryPages(use: () => TestDatabase, site: Site): Promise<PageCase[]> {
  const { ada, guest, blocked, olga, draft, group, empty } = await populate(use, site);
  const page = (name: string, path: string, more: Partial<PageCase> = {}): PageCase => {
    return { name, path, status: 200, as: site.owner, ...more };
  };
  const badToken = { status: 303, form: { source: "<b>", days: "soon" } };
  return [
    page("provisioning", "/admin/provisioning"),
    page("a new token", "/admin/provisioning/tokens", { status: 303, form: { source: "Third", days: "" } }),
    page("a token that is refused", "/admin/provisioning/tokens", badToken),
    page("people", "/admin/people"),
    page("people with a filter", "/admin/people?q=ad&status=active&origin=scim&role=admin"),
    page("people with a filter that finds no one", "/admin/people?q=zzz"),
    page("a page of people with an invalid position", "/admin/people?after=nonsense", { status: 400 }),
    page("people by their last sign-in", "/admin/people?sort=-last-sign-in"),
    page("no selected people", "/admin/people/selected"),
    page("selected people", `/admin/people/selected?act=block&person=${ada.id}&person=${blocked.id}`),
    page("a provisioned person", `/admin/people/${ada.id}`),
    page("a person created just in time", `/admin/people/${guest.id}`),
    page("a blocked person", `/admin/people/${blocked.id}`),
    page("an owner whose sign-in needs approval", `/admin/people/${olga.id}`),
    page("a review that names owners", `/admin/connections/${draft}/review`),
    page("the owner's own page", `/admin/people/${site.owner.id}`),
    page("deleted people", "/admin/people/deleted"),
    page("deleted people with a filter that finds no one", "/admin/people/deleted?q=zzz"),
    page("no invitations", "/admin/people/invitations"),
    page("an invitation", "/admin/people/invitations", {
      status: 303,
      form: { email: "new@acme.example", givenName: "Nina", familyName: "", role: "admin" },
    }),
    page("an invitation that is refused", "/admin/people/invitations", { status: 303, form: { email: "!" } }),
    page("groups", "/admin/groups"),
    page("groups with a filter that finds none", "/admin/groups?q=zzz"),
    page("a group", `/admin/groups/${group.id}`),
    page("an empty group", `/admin/groups/${empty.id}`),
    page("activity", "/admin/activity"),
    page(
      "activity filtered by kind and dates",
      "/admin/activity?kind=sign-in&from=2026-01-01&until=2099-12-31",
    ),
    page("no activity", "/admin/activity?until=2020-01-01"),
    page("activity of an unknown login name", "/admin/activity?who=unknown@acme.example"),
  ];
}
