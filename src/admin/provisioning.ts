import { Router } from "express";
import { paths } from "../endpoints.ts";
import type { AdminDeps } from "./routes.ts";

export function provisioningRoutes(_deps: AdminDeps): Router {
  const router = Router();
  router.get(paths.admin.provisioning, (_req, res) => {
    res.render("admin/provisioning", { title: "Provisioning" });
  });
  return router;
}
