import { type Request, Router } from "express";
import { appOf, OrgRefusal } from "../org.ts";
import type { OrgAdmin } from "../provisioner.ts";
import { discover, importAll, syncPassword, testCredentials } from "../provisioning.ts";
import type { ScimBody } from "../scim-client.ts";
import type { Provisioning } from "../state.ts";
import { act, field, idIn } from "./console.ts";

/** The tabs Provisioning and Import of an app. */
export function provisioningRoutes(org: OrgAdmin): Router {
  const router = Router();
  const own = (req: Request) => `/admin/apps/${idIn(req)}/provisioning`;

  router.get("/admin/apps/:id/provisioning", (req, res) => {
    const app = appOf(org, idIn(req));
    res.render("app-provisioning", { title: app.label, app, tab: "provisioning" });
  });
  router.post(
    "/admin/apps/:id/provisioning",
    act(own, async (req) => {
      const app = appOf(org, idIn(req));
      const saves = field(req, "save") !== "";
      await testAnd(org, app.id, integrationOf(req, app.provisioning), saves);
      return saves
        ? "API Integration is saved."
        : { text: "The credentials work.", to: own(req), keepsEntered: true };
    }),
  );
  router.post(
    "/admin/apps/:id/provisioning/to-app",
    act(own, (req) => {
      const { provisioning } = appOf(org, idIn(req));
      if (!provisioning) throw new OrgRefusal("Configure API Integration first.");
      const isOn = (name: string) => field(req, name) === "on";
      Object.assign(provisioning, {
        createUsers: isOn("createUsers"),
        updateAttributes: isOn("updateAttributes"),
        deactivateUsers: isOn("deactivateUsers"),
        updates: updatesOf(field(req, "updates")),
      });
      org.store.changed();
      return "To App is saved.";
    }),
  );
  router.post(
    "/admin/apps/:id/provisioning/discover",
    act(own, async (req) => {
      await discover(org.provisioner.sender(appOf(org, idIn(req)), "Discover entitlements and schema"));
      return "Resource types, schemas, roles and entitlements were read: see the System Log.";
    }),
  );
  router.post(
    "/admin/apps/:id/provisioning/password",
    act(own, async (req) => {
      const app = appOf(org, idIn(req));
      const remoteId = app.assignments[field(req, "personId")]?.remoteId;
      if (!remoteId) throw new OrgRefusal("The application does not know this person yet.");
      await syncPassword(org.provisioner.sender(app, "Sync Password"), remoteId, field(req, "password"));
      return "The password was sent.";
    }),
  );
  addImport(router, org);
  return router;
}

function addImport(router: Router, org: OrgAdmin): void {
  router.get("/admin/apps/:id/import", (req, res) => {
    const app = appOf(org, idIn(req));
    res.render("app-import", { title: app.label, app, tab: "import", result: null });
  });
  router.post("/admin/apps/:id/import", async (req, res) => {
    const app = appOf(org, idIn(req));
    const { users, groups } = await importAll(org.provisioner.sender(app, "Import Now"));
    const logins = new Set(Object.values(org.store.state.people).map(({ login }) => login.toLowerCase()));
    const active = users.filter((user) => user.active === true);
    const isKnown = (user: ScimBody) => logins.has(String(user.userName).toLowerCase());
    const result = {
      users: users.length,
      // Okta does not import people who are deactivated in the application.
      inactive: users.length - active.length,
      matched: active.filter(isKnown).length,
      others: active.filter((user) => !isKnown(user)).map(({ userName }) => String(userName)),
      groups: groups.map(({ displayName }) => String(displayName)),
    };
    res.render("app-import", { title: app.label, app, tab: "import", result });
  });
}

/** Tests the credentials, and saves them if they work. Throws ScimFailure if the application refuses them. */
async function testAnd(org: OrgAdmin, appId: string, wanted: Provisioning, save: boolean): Promise<void> {
  const app = appOf(org, appId);
  await testCredentials(org.provisioner.sender({ ...app, provisioning: wanted }, "Test API Credentials"));
  if (!save) return;
  app.provisioning = wanted;
  org.store.changed();
}

/** Throws OrgRefusal. */
function integrationOf(req: Request, before: Provisioning | null): Provisioning {
  const baseUrl = field(req, "baseUrl").trim().replace(/\/$/, "");
  if (!/^https?:\/\//.test(baseUrl)) throw new OrgRefusal("The Base URL must be a web address.");
  if (baseUrl.includes("_")) throw new OrgRefusal("The Base URL must not contain an underscore (Okta).");
  // The token is never shown again; an empty field keeps it.
  const token = field(req, "token").trim() || before?.token;
  if (!token) throw new OrgRefusal("The API Token is required.");
  const mode = field(req, "mode") === "Header" ? "Header" : "Bearer";
  // In Okta, everything under To App is off until an administrator enables it.
  const features = {
    createUsers: false,
    updateAttributes: false,
    deactivateUsers: false,
    updates: "put" as const,
  };
  return { ...features, ...before, baseUrl, token, mode };
}

function updatesOf(value: string): Provisioning["updates"] {
  return value === "patch" || value === "private" ? value : "put";
}
