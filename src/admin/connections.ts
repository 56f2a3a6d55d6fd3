import { Router } from "express";
import { paths } from "../endpoints.ts";
import type { AdminDeps } from "./routes.ts";

export function connectionRoutes(_deps: AdminDeps): Router {
  const router = Router();
  router.get(paths.admin.connections, (_req, res) => {
    res.render("admin/connections", { title: "Connections" });
  });
  return router;
}
