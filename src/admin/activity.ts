import { Router } from "express";
import { paths } from "../endpoints.ts";
import type { AdminDeps } from "./routes.ts";

export function activityRoutes(_deps: AdminDeps): Router {
  const router = Router();
  router.get(paths.admin.activity, (_req, res) => {
    res.render("admin/activity", { title: "Activity" });
  });
  return router;
}
