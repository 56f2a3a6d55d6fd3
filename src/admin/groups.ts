import { Router } from "express";
import { paths } from "../endpoints.ts";
import type { AdminDeps } from "./routes.ts";

export function groupRoutes(_deps: AdminDeps): Router {
  const router = Router();
  router.get(paths.admin.groups, (_req, res) => {
    res.render("admin/groups", { title: "Groups" });
  });
  return router;
}
