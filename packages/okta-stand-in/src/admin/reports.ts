import { Router } from "express";
import { okta } from "okta-labels/labels";
import { addCrowd } from "../crowd.ts";
import { appOf, OrgNotFoundError, OrgRefusal, rotateKeys } from "../org.ts";
import type { OrgAdmin } from "../provisioner.ts";
import { act, appPath, field, idIn } from "./console.ts";

const shown = 200;

/** Reports > System Log, Security > API, and the page that only a stand-in has. */
export function reportRoutes(org: OrgAdmin): Router {
  const router = Router();
  router.get("/admin", (_req, res) => res.redirect("/admin/apps"));

  router.get("/admin/reports/system-log", (_req, res) => {
    res.render("system-log", { title: "System Log", rows: logRows(org), total: org.calls.total });
  });
  router.get("/admin/reports/system-log/:id", (req, res) => {
    const call = org.calls.byId(idIn(req));
    const event = org.events.byId(idIn(req));
    if (event) return res.render("event", { title: event.type, event });
    if (!call) throw new OrgNotFoundError("This entry is no longer kept.");
    res.render("call", { title: `${call.method} ${new URL(call.url).pathname}`, call });
  });

  router.get("/admin/security/api", (_req, res) => {
    res.render("keys", { title: "API", keys: org.store.state.keys.map(({ kid }) => kid), issuer: org.url });
  });
  router.post(
    "/admin/security/api/rotate",
    act(
      () => "/admin/security/api",
      async () => {
        await rotateKeys(org);
        return "A new key signs from now on. Earlier keys stay published.";
      },
    ),
  );

  router.get("/admin/stand-in", (_req, res) => {
    const { people, groups, apps } = org.store.state;
    const counts = { people: Object.keys(people).length, groups: Object.keys(groups).length };
    res.render("stand-in", { title: "Stand-in", counts, apps: Object.values(apps) });
  });
  router.post(
    "/admin/stand-in/crowd",
    act(
      () => "/admin/stand-in",
      (req) => {
        const app = appOf(org, field(req, "appId"));
        const people = Number(field(req, "people"));
        const groups = Number(field(req, "groups"));
        if (!app.provisioning) throw new OrgRefusal(`${okta.provisioning.configure} of ${app.label} first.`);
        if (!(people >= 1 && people <= 10_000 && groups >= 0 && groups <= 500))
          throw new OrgRefusal("Choose 1 to 10,000 people, and up to 500 groups.");
        void addCrowd(org, app, people, groups);
        return { text: "They are added, assigned and pushed.", to: appPath(app, "/assignments") };
      },
    ),
  );
  return router;
}

/** The latest calls and events, newest first. */
function logRows({ calls, events }: OrgAdmin) {
  const callRows = calls.latest(shown).map(({ id, at, why, method, url, status, durationMs, problem }) => ({
    ...{ id, at, why, durationMs, problem },
    name: `${method} ${new URL(url).pathname}`,
    result: status === null ? "none" : String(status),
    isGood: status !== null && status < 400,
  }));
  const eventRows = events.latest(shown).map(({ id, at, type, what, refusal }) => ({
    ...{ id, at, why: what, durationMs: null, problem: refusal },
    name: type,
    result: refusal === null ? "SUCCESS" : "FAILURE",
    isGood: refusal === null,
  }));
  return [...callRows, ...eventRows].sort((one, other) => other.at - one.at).slice(0, shown);
}
