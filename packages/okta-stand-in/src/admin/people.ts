import { type Request, Router } from "express";
import { displayNameOf, OrgNotFoundError, personOf } from "../org.ts";
import {
  activatePerson,
  addPerson,
  changeCredential,
  clearSessions,
  deactivatePerson,
  deletePerson,
  editPerson,
  type PersonForm,
  setPassword,
  suspendPerson,
} from "../people.ts";
import type { OrgAdmin } from "../provisioner.ts";
import { act, field, idIn, pageOf, waitBriefly } from "./console.ts";

/** The actions that ask on a page of their own before they do anything. */
const actionPages = {
  "clear-sessions": "clear-sessions",
  password: "set-password",
  deactivate: "lose-person",
  delete: "lose-person",
};

/** The actions that change a credential, which the stand-in itself does not have: it tells the receivers of signals. */
const credentialChanges: Record<string, { cause: Parameters<typeof changeCredential>[2]; text: string }> = {
  "reset-password": { cause: "user.account.reset_password", text: "The password is reset of" },
  "reset-multifactor": { cause: "user.mfa.factor.reset_all", text: "All factors are reset of" },
  "enroll-factor": { cause: "user.mfa.factor.activate", text: "A factor is active for" },
};

/** Directory > People. */
export function peopleRoutes(org: OrgAdmin): Router {
  const router = Router();
  const list = () => "/admin/users";
  const own = (req: Request) => `/admin/users/${idIn(req)}`;

  router.get("/admin/users", (req, res) => {
    const people = Object.values(org.store.state.people);
    const textOf = (person: (typeof people)[number]) =>
      `${displayNameOf(person)} ${person.login} ${person.email}`;
    res.render("people", { title: "People", list: pageOf(req, people, textOf) });
  });
  router.post(
    "/admin/users",
    act(list, (req) => {
      const person = addPerson(org, formOf(req));
      return { text: `${displayNameOf(person)} is added.`, to: `/admin/users/${person.id}` };
    }),
  );
  router.get("/admin/users/:id", (req, res) => {
    const person = personOf(org, idIn(req));
    const apps = Object.values(org.store.state.apps).filter((app) => app.assignments[person.id]);
    const groups = Object.values(org.store.state.groups).filter((group) =>
      group.memberIds.includes(person.id),
    );
    const risk = org.store.state.signals?.risks[person.id] ?? null;
    res.render("person", { title: displayNameOf(person), subject: person, apps, groups, risk });
  });
  for (const [path, view] of Object.entries(actionPages)) {
    router.get(`/admin/users/:id/${path}`, (req, res) => {
      const person = personOf(org, idIn(req));
      res.render(view, { title: displayNameOf(person), subject: person, action: path });
    });
  }
  router.post(
    "/admin/users/:id",
    act(own, async (req) => {
      await waitBriefly(editPerson(org, idIn(req), formOf(req)));
      return "The profile is saved, and pushed to the applications that know the person.";
    }),
  );
  router.post(
    "/admin/users/:id/:action",
    act(
      (req) =>
        Object.hasOwn(actionPages, idIn(req, "action")) ? `${own(req)}/${idIn(req, "action")}` : own(req),
      async (req) => ({ to: own(req), ...(await perform(org, req)) }),
    ),
  );
  return router;
}

/** The person's "More Actions". */
async function perform(org: OrgAdmin, req: Request): Promise<{ text: string; to?: string }> {
  const id = idIn(req);
  const action = idIn(req, "action");
  const name = displayNameOf(personOf(org, id));
  if (action === "suspend") {
    suspendPerson(org, id);
    return { text: `${name} is suspended. No application was told: Okta sends nothing in this case.` };
  }
  if (action === "activate") {
    activatePerson(org, id);
    return { text: `${name} is active.` };
  }
  if (action === "deactivate") {
    await waitBriefly(deactivatePerson(org, id));
    return { text: `${name} is deactivated, and unassigned from every application.` };
  }
  if (action === "delete") {
    deletePerson(org, id);
    return {
      text: `${name} is deleted. No application was told: Okta sends nothing in this case.`,
      to: "/admin/users",
    };
  }
  if (action === "password") {
    const apps = await setPassword(org, id, field(req, "password"));
    const told =
      apps.length === 0 ? ". No application synchronises passwords" : `, and was sent to ${apps.join(", ")}`;
    return { text: `The password is set${told}.` };
  }
  const change = Object.hasOwn(credentialChanges, action) ? credentialChanges[action] : undefined;
  if (change) {
    await changeCredential(org, id, change.cause);
    return { text: `${change.text} ${name}.` };
  }
  if (action !== "clear-sessions") throw new OrgNotFoundError("There is no such action.");
  const told = await clearSessions(org, id, field(req, "includeApps") === "on");
  return { text: [`The sessions of ${name} are cleared.`, ...told].join(" ") };
}

function formOf(req: Request): PersonForm {
  const login = field(req, "login");
  return {
    login,
    email: field(req, "email") || login,
    firstName: field(req, "firstName"),
    middleName: field(req, "middleName"),
    lastName: field(req, "lastName"),
  };
}
