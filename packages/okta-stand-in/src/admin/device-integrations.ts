import { type Request, Router } from "express";
import { okta } from "okta-labels/labels";
import { OrgRefusal } from "../org.ts";
import type { OrgAdmin } from "../provisioner.ts";
import {
  addProvider,
  deleteProvider,
  providerOf,
  setProviderStatus,
  wantedProvider,
} from "../shared-signals/providers.ts";
import { signalsIn } from "../shared-signals/state.ts";
import { act, field, idIn } from "./console.ts";

const path = "/admin/device-integrations";
const title = okta.receivedSignals.menu.split(" > ").at(-1);

/** Security > Device Integrations, whose tab "Receive shared signals" is the only one here. */
export function deviceIntegrationRoutes(org: OrgAdmin): Router {
  const router = Router();
  const own = () => path;
  router.get(path, (req, res) => {
    const providers = Object.values(signalsIn(org.store.state).providers);
    const isAdding = req.query.edit === "provider";
    res.render("device-integrations", { title, providers, isAdding });
  });
  router.post(
    path,
    act(
      () => `${path}?edit=provider`,
      (req) => ({ text: `${addProvider(org, wantedIn(req)).name} is added.`, to: path }),
    ),
  );
  router.post(
    `${path}/:id/status`,
    act(own, (req) => {
      const provider = providerOf(org, idIn(req));
      setProviderStatus(org, provider, provider.status === "ACTIVE" ? "INACTIVE" : "ACTIVE");
      return `${provider.name} is ${provider.status === "ACTIVE" ? "active" : "inactive"}.`;
    }),
  );
  router.post(
    `${path}/:id/delete`,
    act(own, (req) => {
      const provider = providerOf(org, idIn(req));
      if (provider.status === "ACTIVE") throw new OrgRefusal(`${okta.buttons.deactivate} the stream first.`);
      deleteProvider(org, provider);
      return `${provider.name} is deleted.`;
    }),
  );
  return router;
}

/** Throws OrgRefusal. */
function wantedIn(req: Request) {
  const of = (name: string) => field(req, name).trim();
  const settings =
    field(req, "settings") === "issuer"
      ? { issuer: of("issuer"), jwks_url: of("jwksUrl") }
      : { well_known_url: of("wellKnownUrl") };
  const read = wantedProvider.safeParse({ name: of("name"), settings });
  if (!read.success) throw new OrgRefusal("A name and web addresses are required.");
  return read.data;
}
