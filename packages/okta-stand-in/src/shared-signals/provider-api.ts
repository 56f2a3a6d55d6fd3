import { Router } from "express";
import { ApiRefusal } from "../api-problem.ts";
import { type Org, OrgRefusal } from "../org.ts";
import { addProvider, deleteProvider, providerOf, setProviderStatus, wantedProvider } from "./providers.ts";
import { type SignalProvider, signalsIn } from "./state.ts";

const path = "/api/v1/security-events-providers";

/** Registers transmitters (Okta: "Security Events Providers"). The caller has authenticated the administrator. */
export function providerApi(org: Org): Router {
  const router = Router();
  const describe = (provider: SignalProvider) => {
    const self = { href: `${org.url}${path}/${provider.id}` };
    return { ...provider, _links: { self } };
  };
  router.post(path, (req, res) => {
    const wanted = wantedProvider.parse(req.body);
    try {
      res.status(201).json(describe(addProvider(org, wanted)));
    } catch (error) {
      if (!(error instanceof OrgRefusal)) throw error;
      throw new ApiRefusal(400, "E0000001", error.message);
    }
  });
  router.get(path, (_req, res) => {
    res.json(Object.values(signalsIn(org.store.state).providers).map(describe));
  });
  router.get(`${path}/:id`, (req, res) => {
    res.json(describe(providerOf(org, req.params.id)));
  });
  for (const [action, status] of [
    ["activate", "ACTIVE"],
    ["deactivate", "INACTIVE"],
  ] as const) {
    router.post(`${path}/:id/lifecycle/${action}`, (req, res) => {
      const provider = providerOf(org, req.params.id);
      setProviderStatus(org, provider, status);
      res.json(describe(provider));
    });
  }
  router.delete(`${path}/:id`, (req, res) => {
    deleteProvider(org, providerOf(org, req.params.id));
    res.status(204).end();
  });
  return router;
}
