import { Router } from "express";
import { paths } from "../endpoints.ts";
import type { AdminDeps } from "./routes.ts";

export function domainRoutes(_deps: AdminDeps): Router {
  const router = Router();
  router.get(paths.admin.domains, (_req, res) => {
    res.render("admin/domains", { title: "Domains" });
  });
  return router;
}
